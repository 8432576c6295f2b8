"""`ukube sandbox`: make, enter, stop and remove sandbox nodes."""

import os
import subprocess
import sys

import click

from deploy import health, host
from deploy import kubeconfig as kubeconfigs
from deploy.progress import Steps
from deploy.sandbox import node as nodes

named = click.option("--name", default="node", show_default=True, help="Which node; several can run side by side.")


def _node(name: str) -> nodes.Node:
    host.require_root("a sandbox node")
    return nodes.Node(name)


@click.group()
def sandbox() -> None:
    """Sandbox nodes: systemd 257 and podman 5 in namespaces of their own, with a disk that stays."""


@sandbox.command()
@named
@click.option("--wait/--no-wait", default=True, help="Wait until the API server and the operators are ready.")
def up(name: str, wait: bool) -> None:
    """Boot a node; make it first if there is none."""
    node = _node(name)
    steps = Steps()
    if not nodes.up(node, steps):
        steps.line(f"  node {name} is running")
    if wait:
        with steps.step("Wait for API server and operators"):
            health.wait_until_ready(node)
    steps.line(f"  API on the host: https://127.0.0.1:{node.port}; a shell: `deploy/ukube sandbox shell --name {name}`")


@sandbox.command()
@named
def down(name: str) -> None:
    """Switch a node off in order. Its disk stays."""
    click.echo(f"node {name} {'is off' if nodes.down(_node(name)) else 'was off already'}", err=True)


@sandbox.command()
@named
def reboot(name: str) -> None:
    """Shut a node down and boot it again."""
    node = _node(name)
    click.echo(f"node {name} is {nodes.reboot(node)}", err=True)


@sandbox.command()
@named
def poweroff(name: str) -> None:
    """Cut the power: everything in the node ends at once."""
    click.echo(f"node {name} {'is off' if nodes.cut_power(_node(name)) else 'was off already'}", err=True)


@sandbox.command()
@named
def rm(name: str) -> None:
    """Cut the power and delete the node with its disk."""
    node = _node(name)
    if not node.exists:
        click.echo(f"there is no node {name}", err=True)
        return
    nodes.remove(node)
    click.echo(f"node {name} is removed", err=True)


@sandbox.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@named
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(name: str, command: tuple[str, ...]) -> None:
    """Run a program in a node, as its root. The exit code is the program's."""
    sys.exit(subprocess.call(_node(name).argv(command)))


@sandbox.command()
@named
def shell(name: str) -> None:
    """Open a shell in a node; kubectl is set up there."""
    sys.exit(subprocess.call(_node(name).argv(["bash", "--login"], {"TERM": os.environ.get("TERM", "dumb")})))


@sandbox.command()
@named
def kubeconfig(name: str) -> None:
    """Print a kubeconfig with which the host reaches the node's API."""
    node = _node(name)
    node.require_running()
    click.echo(kubeconfigs.for_host(node, node.port), nl=False)


@sandbox.command(context_settings={"ignore_unknown_options": True})
@named
@click.option("--console", is_flag=True, help="What systemd wrote while it booted, also of a node that is off.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def logs(name: str, console: bool, options: tuple[str, ...]) -> None:
    """Show a node's journal. OPTIONS are those of journalctl: -f, -u UNIT, -n 100 …"""
    node = _node(name)
    if console:
        click.echo(node.folder.console.read_text(errors="replace") if node.exists else "", nl=False)
        return
    sys.exit(subprocess.call(node.argv(["journalctl", "--no-pager", *options])))


@sandbox.command("list")
def list_() -> None:
    """List the nodes."""
    host.require_root("listing sandbox nodes")
    for node in nodes.all_nodes():
        running = node.running
        state = f"running, init is pid {running.init}, API on 127.0.0.1:{node.port}" if running else "off"
        click.echo(f"{node.name:<20} {state}")
