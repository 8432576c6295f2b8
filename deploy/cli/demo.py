"""`ukube demo`: from nothing to running Pods, in one command."""

import click

from deploy import health, host, native
from deploy.machine import Host, Machine
from deploy.progress import Steps
from deploy.sandbox import node as nodes


@click.command()
@click.option("--name", default="node", show_default=True, help="Which sandbox node, where systemd is not PID 1.")
def demo(name: str) -> None:
    """Bring up a node, deploy the demo with kubectl and show what it became.

    The node is this host if systemd is its PID 1, else a sandbox node. Run it again: it finds everything in place.
    """
    from deploy.demo import run, show

    host.require_linux()
    host.require_root("the demo (it starts containers)")
    steps = Steps()
    machine = _machine(name, steps)
    run.run(machine, steps)
    show.everything(machine)
    show.durations(steps)
    click.echo(_next(machine))


def _machine(name: str, steps: Steps) -> Machine:
    if host.systemd_is_init():
        native.up(steps)
        return Host()
    node = nodes.Node(name)
    steps.line("systemd is not PID 1 here, so the demo runs in a sandbox node: a machine in namespaces of its own")
    if not nodes.up(node, steps):
        steps.line(f"  node {name} is running")
    with steps.step("Wait for API server and operators"):
        health.wait_until_ready(node)
    return node


def _next(machine: Machine) -> str:
    if isinstance(machine, Host):
        return "\nGo on with `deploy/ukube status`; stop everything with `deploy/ukube down`."
    option = "" if machine.name == "node" else f" --name {machine.name}"
    return (
        f"\nGo on with `deploy/ukube sandbox shell{option}` (kubectl works there) or `deploy/ukube status{option}`; "
        f"remove the node with `deploy/ukube sandbox rm{option}`."
    )
