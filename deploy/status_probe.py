"""Runs on the machine that is asked about, with the standard library only; prints one JSON document.

{"processes": [{"unit", "pid", "pss_kb", "cpu_seconds", "up_seconds"}], "health": {…} | null,
 "units": [{"unit", "description", "active", "sub", "restarts", "pid"}]}
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SERVICES = ("ukube-apiserver.service", "ukube-operators.service")
TICK = os.sysconf("SC_CLK_TCK")


def show(units: Sequence[str], properties: Sequence[str]) -> list[dict[str, str]]:
    """The properties of each unit, as `systemctl show` prints them."""
    if not units:
        return []
    out = subprocess.run(
        ["systemctl", "show", "--property=" + ",".join(properties), *units], capture_output=True, text=True, check=True
    ).stdout
    return [dict(line.partition("=")[::2] for line in block.splitlines()) for block in out.strip().split("\n\n")]


def pss_kb(pid: str) -> int:
    """Proportional set size: shared pages are divided among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def processes_of(unit: str, group: str) -> Iterator[dict[str, Any]]:
    """Every process of a service, its helpers included."""
    try:
        pids = Path(f"/sys/fs/cgroup{group}/cgroup.procs").read_text().split()
    except OSError:
        return
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            yield {
                "unit": unit,
                "pid": int(pid),
                "pss_kb": pss_kb(pid),
                "cpu_seconds": (int(fields[11]) + int(fields[12])) / TICK,
                "up_seconds": uptime - int(fields[19]) / TICK,
            }
        except OSError:
            continue  # it has just ended


def health(address: str) -> Any:
    """What the operators say of themselves; None while they do not answer."""
    try:
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=3) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            return json.load(error)
        except ValueError:
            return None
    except (OSError, ValueError):
        return None


def units_of_pods() -> Iterator[dict[str, Any]]:
    """The Pods' units: sandboxes and containers."""
    listed = subprocess.run(
        ["systemctl", "list-units", "--all", "--plain", "--no-legend", "ukube-*_*.service"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    for unit in show(names, ["Id", "Description", "ActiveState", "SubState", "NRestarts", "MainPID"]):
        yield {
            "unit": unit["Id"],
            "description": unit["Description"],
            "active": unit["ActiveState"],
            "sub": unit["SubState"],
            "restarts": int(unit.get("NRestarts") or 0),
            "pid": int(unit.get("MainPID") or 0),
        }


def main() -> None:
    found: list[dict[str, Any]] = []
    for unit in show(SERVICES, ["Id", "ControlGroup"]):
        found.extend(processes_of(unit["Id"], unit["ControlGroup"]))
    json.dump({"processes": found, "health": health(sys.argv[1]), "units": list(units_of_pods())}, sys.stdout)


if __name__ == "__main__":
    main()
