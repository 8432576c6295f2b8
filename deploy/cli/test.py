"""`ukube test`: what a developer and CI run."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from deploy import host, packages, paths
from deploy.cli import bench as benches
from deploy.failure import Failure

PARTS = ("unit", "api", "golden", "operators", "fuzz", "node", "vm", "bench", "all")
# Seconds: long enough to meet the mistakes that are made often.
FUZZ_SECONDS = 30.0
TOOLS = Path(sys.executable).parent
NOTHING_COLLECTED = 5
CONFORMANCE_ON_A_NODE = "tests/conformance/node"


class Skipped(Exception):
    """A part cannot run on this machine, for the reason given."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """verdict: "passed", "skipped" or "FAILED"."""

    part: str
    verdict: str
    seconds: float
    note: str = ""


def lint() -> bool:
    """ruff, mypy --strict and the import contracts; all of them, so that one run shows every complaint."""
    checks: tuple[list[str | Path], ...] = (
        [TOOLS / "ruff", "check", "."],
        [TOOLS / "ruff", "format", "--check", "--quiet", "."],
        [TOOLS / "mypy"],
        [TOOLS / "lint-imports"],
    )
    codes = [_call(check) for check in checks]
    return not any(codes)


def pytest(*words: str, long: bool = False, options: Sequence[str] = ()) -> bool:
    """Runs pytest on folders of tests/ that exist."""
    folders = [word for word in words if (paths.CHECKOUT / word).is_dir()]
    if not folders:
        return True
    marks = [] if long else ["-m", "not long"]
    code = _call([sys.executable, "-P", "-m", "pytest", "-q", *marks, *options, *folders])
    return code in (0, NOTHING_COLLECTED)


def short_bench() -> bool:
    """Every benchmark in its short form: it shows that they run, and prints figures without judging them."""
    for name in benches.names():
        click.echo(f"== {name}")
        if _call([sys.executable, "-P", "-m", "deploy.cli", "bench", name, "--short"]) != 0:
            return False
    return True


def node_tests(long: bool = False) -> bool:
    host.require_root("the node's tests (their sandbox node)")
    # Each folder has a node of its own; one after the other, so that there is only one at a time.
    passed = [pytest(folder, long=long) for folder in ("tests/node", CONFORMANCE_ON_A_NODE)]
    return all(passed)


def vm_tests(long: bool = False) -> bool:
    """Those that need a kernel with every cgroup controller. Raises Skipped where no virtual machine can be had."""
    try:
        host.require_root("making a virtual machine's disk")
        packages.ensure(packages.FOR_VM, click.echo)
    except Failure as failure:
        raise Skipped(f"no virtual machine: {failure.sentence}") from failure
    return pytest("tests/vm", long=long)


def fuzz(seconds: float) -> bool:
    """The fuzzers of the API server; a failure prints the seed that repeats it."""
    return pytest("tests/fuzz", options=[f"--fuzz-seconds={seconds}"])


def _call(argv: Sequence[str | Path]) -> int:
    sys.stdout.flush()
    return subprocess.call([str(word) for word in argv], cwd=paths.CHECKOUT)


def parts(chosen: str | None, fuzz_seconds: float = FUZZ_SECONDS) -> list[tuple[str, Callable[[], bool]]]:
    """What to run, in order, for the word after `ukube test`."""
    long = chosen == "all"
    known: dict[str, Callable[[], bool]] = {
        "lint": lint,
        "unit": lambda: pytest("tests/unit", long=long),
        "api": lambda: pytest(
            "tests/api", "tests/conformance", long=long, options=[f"--ignore={CONFORMANCE_ON_A_NODE}"]
        ),
        "golden": lambda: pytest("tests/golden", long=long),
        "operators": lambda: pytest("tests/operators", long=long),
        "fuzz": lambda: fuzz(fuzz_seconds),
        "node": lambda: node_tests(long=long),
        "vm": lambda: vm_tests(long=long),
        "bench": short_bench,
    }
    return list(known.items()) if chosen in (None, "all") else [(chosen, known[chosen])]


@click.command()
@click.argument("part", required=False, type=click.Choice(PARTS))
@click.option("--fuzz-seconds", type=float, default=FUZZ_SECONDS, show_default=True, help="how long to fuzz")
def test(part: str | None, fuzz_seconds: float) -> None:
    """Run the tests: one part of them, `all`, or without a word all but the long ones."""
    outcomes = []
    for name, run in parts(part, fuzz_seconds):
        click.secho(f"=== {name}", bold=True)
        began = time.monotonic()
        try:
            verdict, note = "passed" if run() else "FAILED", ""
        except Skipped as reason:
            verdict, note = "skipped", str(reason)
        except Failure as failure:
            verdict, note = "FAILED", failure.sentence
        outcomes.append(Outcome(name, verdict, time.monotonic() - began, note))
    click.secho("=== summary", bold=True)
    for outcome in outcomes:
        click.echo(f"{outcome.part:<10} {outcome.verdict:<7}  {outcome.seconds:6.1f} s  {outcome.note}".rstrip())
    sys.exit(0 if all(outcome.verdict != "FAILED" for outcome in outcomes) else 1)
