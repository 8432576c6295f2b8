"""What `ukube certs` shows: the certificates of a node's API server and when they expire."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import command, paths
from deploy.failure import Failure
from deploy.machine import Machine

PROBE = Path(__file__).parent / "certificates_probe.py"
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate. Times are text in UTC; days_left: rounded down, negative when it has expired."""

    file: str
    subject: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    days_left: int
    is_valid: bool


def of_machine(machine: Machine) -> list[Mapping[str, Any]]:
    """What the probe finds on a machine. Raises Failure."""
    words = [str(paths.PYTHON), "-P", "-", str(paths.API_DATA)]
    return _read(lambda: machine.run(words, stdin=PROBE.read_text()).stdout, machine.name)


def of_directory(data: Path) -> list[Mapping[str, Any]]:
    """What the probe finds in a data directory here. Raises Failure."""
    words = [sys.executable, "-P", str(PROBE), str(data)]
    return _read(lambda: command.completed(words, check=True, stdin=None, timeout=60).stdout, str(data))


def _read(run: Callable[[], str], where: str) -> list[Mapping[str, Any]]:
    try:
        found: list[Mapping[str, Any]] = json.loads(run())
    except subprocess.CalledProcessError as error:
        raise Failure(f"could not read the certificates of {where}", command.tail(error.stderr)) from error
    if not found:
        raise Failure(f"{where} has no certificates yet: the API server has not started")
    return found


def rows(found: Iterable[Mapping[str, Any]], now: float) -> list[Row]:
    """now: seconds since the epoch."""
    return [
        Row(
            one["file"],
            one["subject"],
            tuple(one["names"]),
            _time(one["not_before"]),
            _time(one["not_after"]),
            int((one["not_after"] - now) // DAY),
            one["not_before"] <= now <= one["not_after"],
        )
        for one in found
    ]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
