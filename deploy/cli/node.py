"""`ukube up|down|status|kubeconfig`: the machine that MicroKube runs on, this host or the sandbox node "node"."""

import sys
from pathlib import Path

import click

from deploy import health, host, native, paths
from deploy import kubeconfig as kubeconfigs
from deploy import status as statuses
from deploy.machine import installed
from deploy.progress import Steps
from deploy.sandbox import node as nodes


def _sandbox() -> nodes.Node | None:
    """The sandbox node that stands in for this machine, if systemd is not its PID 1 and there is one."""
    node = nodes.Node("node")
    return node if not host.systemd_is_init() and node.exists else None


@click.command()
def up() -> None:
    """Install and start MicroKube on this machine (or boot the sandbox node where systemd is not PID 1)."""
    steps = Steps()
    node = _sandbox()
    if node is None:
        native.up(steps)
        steps.line(f"  kubectl --kubeconfig {paths.ADMIN_KUBECONFIG} get nodes")
        return
    nodes.up(node, steps)
    with steps.step("Wait for API server and operators"):
        health.wait_until_ready(node)


@click.command()
@click.option("--purge", is_flag=True, help="Also delete all objects, Pods, units and files.")
def down(purge: bool) -> None:
    """Stop MicroKube and its Pods on this machine. Objects stay, and come back with `up`."""
    steps = Steps()
    node = _sandbox()
    if node is None:
        native.down(steps, purge=purge)
        return
    with steps.step("Remove the sandbox node" if purge else "Switch the sandbox node off"):
        if purge:
            nodes.remove(node)
        else:
            nodes.down(node)


@click.command()
@click.option("--name", default="node", show_default=True, help="Which sandbox node, where systemd is not PID 1.")
def status(name: str) -> None:
    """Show API server, operators, Pods, units, memory and CPU. Exit code 1 if anything is not as it should be."""
    from rich.console import Console
    from rich.table import Table

    machine = installed(name)
    rows = statuses.collect(machine)
    table = Table(title=f"MicroKube on {machine.name}", title_justify="left")
    for column, justify in (("", "left"), ("state", "left"), ("memory (PSS)", "right"), ("CPU", "right"), ("", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        memory = f"{row.memory_kb / 1024:.1f} MB" if row.memory_kb is not None else ""
        cpu = f"{row.cpu:.1f} %" if row.cpu is not None else ""
        table.add_row(row.what, row.state, memory, cpu, row.note, style=None if row.ok else "bold red")
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    sys.exit(0 if all(row.ok for row in rows) else 1)


@click.command()
@click.option("--name", default="node", show_default=True, help="Which sandbox node, where systemd is not PID 1.")
@click.option("--export", is_flag=True, help='Print a line for the shell instead: eval "$(… kubeconfig --export)"')
def kubeconfig(name: str, export: bool) -> None:
    """Print the admin kubeconfig, as it works on this host."""
    machine = installed(name)
    if isinstance(machine, nodes.Node):
        text, file = kubeconfigs.for_host(machine, machine.port), machine.folder.path / "kubeconfig"
    else:
        text, file = kubeconfigs.read(machine), Path(paths.ADMIN_KUBECONFIG)
    if not export:
        click.echo(text, nl=False)
        return
    if isinstance(machine, nodes.Node):
        file.touch(mode=0o600)
        file.write_text(text)
    click.echo(f"export KUBECONFIG={file}")
