"""`ukube bench`: the benchmarks of tests/bench, each a module with main(argv)."""

import importlib

import click

from deploy import paths
from deploy.failure import Failure

FOLDER = paths.CHECKOUT / "tests/bench"


def names() -> list[str]:
    """Modules with a main(): the rest of the folder is what they share."""
    return sorted(
        file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_") and "\ndef main(" in file.read_text()
    )


def run(name: str, argv: list[str]) -> None:
    """Runs one benchmark; it prints its own table."""
    module = importlib.import_module(f"tests.bench.{name}")
    module.main(argv)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("name", required=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, options: tuple[str, ...]) -> None:
    """Run the benchmark NAME with its OPTIONS, or all. Each prints ratios to a floor measured in the same run."""
    known = names()
    if name is not None and name not in known:
        raise Failure(f"there is no benchmark {name!r}: there are {', '.join(known) or 'none'}")
    for one in [name] if name else known:
        click.echo(f"== {one}")
        run(one, list(options))
