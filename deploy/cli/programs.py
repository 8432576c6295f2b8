"""`ukube apiserver` and `ukube operators`: the two programs, in the foreground, from the checkout."""

import os
import sys
from pathlib import Path

import click


def _become(module: str, *words: str) -> None:
    """Replaces this process, so that signals and the exit code are the program's own."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *words])  # noqa: S606


@click.command()
@click.option(
    "--data-dir", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where it keeps state."
)
@click.option("--port", default=6443, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--token-auth-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Bearer tokens, as CSV: token,user,uid,"group,group".',
)
def apiserver(data_dir: Path, port: int, token_auth_file: Path | None) -> None:
    """Run only the API server, in the foreground. Writes DATA_DIR/admin.kubeconfig. Needs no root."""
    tokens = ["--token-auth-file", str(token_auth_file)] if token_auth_file else []
    _become("apiserver_stub", "--data-dir", str(data_dir), "--port", str(port), *tokens)


@click.group()
def operators() -> None:
    """Run, list, disable and enable operators."""


@operators.command()
@click.argument("names", nargs=-1)
@click.option("--kubeconfig", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--metrics-addr", help="HOST:PORT for /metrics and /healthz.")
def run(names: tuple[str, ...], kubeconfig: Path, metrics_addr: str | None) -> None:
    """Run all operators, or those named, in one process in the foreground."""
    metrics = ["--metrics-addr", metrics_addr] if metrics_addr else []
    _become("operators", *names, "--kubeconfig", str(kubeconfig), *metrics)


@operators.command("list")
def list_() -> None:
    """List the operators that there are."""
    _become("operators", "list")


def _switch(name: str, node: str, *, enabled: bool) -> None:
    from deploy import rights
    from deploy.machine import installed
    from operators._kube import command

    if name not in command.names():
        raise click.BadParameter(f"there is no operator {name}; there are {', '.join(command.names())}")
    rights.switch(installed(node), name, enabled=enabled)


@operators.command()
@click.argument("name")
@click.option("--node", default="node", show_default=True, help="Which sandbox node, where systemd is not PID 1.")
def disable(name: str, node: str) -> None:
    """Take an operator's rights on a node away: it stands still until it is enabled again."""
    _switch(name, node, enabled=False)


@operators.command()
@click.argument("name")
@click.option("--node", default="node", show_default=True, help="Which sandbox node, where systemd is not PID 1.")
def enable(name: str, node: str) -> None:
    """Give an operator its rights back."""
    _switch(name, node, enabled=True)
