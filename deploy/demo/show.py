"""What the demo shows at its end, each piece under the command that brings it."""

import json
import shutil
import subprocess

import click

from deploy.demo.run import NAMESPACE, kubectl
from deploy.failure import Failure
from deploy.machine import Machine
from deploy.progress import Steps


def everything(machine: Machine) -> None:
    """Prints objects, one Pod's systemd tree, its log, and a page fetched from it."""
    listed = json.loads(kubectl(machine, "get", "pods", "-n", NAMESPACE, "-l", "app=web", "-o", "json"))["items"]
    pod = min(
        (one for one in listed if "deletionTimestamp" not in one["metadata"]), key=lambda one: one["metadata"]["name"]
    )
    name, address = pod["metadata"]["name"], pod["status"]["podIP"]
    unit = unit_of(machine, NAMESPACE, name)
    for words in (
        ["kubectl", "get", "all", "-n", NAMESPACE, "-o", "wide"],
        ["systemctl", "--no-pager", "--lines=0", "status", unit],
        ["systemd-cgls", "--no-pager", "--unit", slice_of(machine, unit)],
        ["kubectl", "logs", "-n", NAMESPACE, name, "--tail=4"],
        ["kubectl", "logs", "-n", NAMESPACE, "deployment/client", "--tail=3"],
        ["kubectl", "exec", "-n", NAMESPACE, "deployment/client", "--", "wget", "-qO-", f"http://{address}:8080/"],
    ):
        show(machine, words)


def unit_of(machine: Machine, namespace: str, pod: str) -> str:
    """The systemd unit of a Pod's first container, found by what the unit says it is, not by guessing at its name."""
    listed = machine.run(["systemctl", "list-units", "--plain", "--no-legend", "ukube-*_*.service"]).stdout
    for line in listed.splitlines():
        unit = line.split()[0]
        says = identity(machine.run(["systemctl", "cat", "--no-pager", unit]).stdout)
        if (says.get("Namespace"), says.get("Pod")) == (namespace, pod) and "Container" in says:
            return unit
    raise Failure(f"no unit says that it runs a container of Pod {namespace}/{pod}", listed)


def identity(text: str) -> dict[str, str]:
    """The [X-Ukube] section of a unit's text."""
    section = text.partition("[X-Ukube]\n")[2].partition("\n[")[0]
    pairs = (line.partition("=")[::2] for line in section.splitlines() if "=" in line)
    return {key: json.loads(raw) if raw.startswith('"') else raw for key, raw in pairs}


def slice_of(machine: Machine, unit: str) -> str:
    return machine.run(["systemctl", "show", "--value", "--property=Slice", unit]).stdout.strip()


def show(machine: Machine, words: list[str]) -> None:
    """Prints a command as one would type it on the machine, and what it answers. Raises Failure if it fails."""
    click.secho(f"\n$ {' '.join(words)}", bold=True)
    try:
        done = machine.run(words, env={"COLUMNS": str(min(shutil.get_terminal_size((140, 24)).columns, 200))})
    except subprocess.CalledProcessError as error:
        raise Failure(f"{' '.join(words)} failed", error.stdout + error.stderr) from error
    click.echo(done.stdout.rstrip())


def durations(steps: Steps) -> None:
    """How long each step took."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="How long it took", title_justify="left")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    for step in steps.done:
        table.add_row(step.name, f"{step.seconds:.1f}")
    table.add_section()
    table.add_row("in all", f"{sum(step.seconds for step in steps.done):.1f}", style="bold")
    click.echo()
    Console().print(table)
