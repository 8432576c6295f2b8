"""Brings images onto a machine, each made once and found again by a label with the hash of its recipe."""

import hashlib
import json
import subprocess
from pathlib import Path

from deploy import command
from deploy.failure import Failure
from deploy.machine import Machine

HERE = Path(__file__).parent
LABEL = "microkube.recipe"


def busybox(machine: Machine, name: str) -> str:
    """The image of the machine's own busybox, under that name; returns the name."""
    script = (HERE / "busybox.sh").read_text()
    if not is_present(machine, name, _hash(script)):
        _run(machine, ["sh", "-c", script, "busybox.sh", name, _hash(script)], f"make the image {name}")
    return name


def is_present(machine: Machine, name: str, recipe: str) -> bool:
    """Whether the machine has that image, made by that very recipe."""
    found = machine.run(["podman", "image", "inspect", "--format", "{{json .Labels}}", name], check=False)
    if found.returncode != 0:
        return False
    labels = json.loads(found.stdout) or {}
    return bool(labels.get(LABEL) == recipe)


def _run(machine: Machine, words: list[str], doing: str) -> None:
    try:
        machine.run(words, timeout=120)
    except subprocess.CalledProcessError as error:
        raise Failure(f"could not {doing} on {machine.name}", command.tail(error.stdout + error.stderr)) from error


def _hash(recipe: str) -> str:
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]
