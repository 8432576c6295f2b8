"""What `ukube status` shows: API server, operators, Pods, units, memory and CPU, in one table."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import command, health, paths
from deploy.failure import Failure
from deploy.machine import Machine

PROBE = Path(__file__).parent / "status_probe.py"


@dataclass(frozen=True, slots=True)
class Row:
    """One line. memory_kb: PSS, None where no process is meant. cpu: share of one core since it started, in percent."""

    what: str
    state: str
    memory_kb: int | None = None
    cpu: float | None = None
    note: str = ""
    ok: bool = True


def collect(machine: Machine) -> list[Row]:
    """Asks the machine. What is down makes a row that says so, never an error."""
    try:
        out = machine.run(["python3", "-", paths.METRICS], stdin=PROBE.read_text()).stdout
    except subprocess.CalledProcessError as error:
        raise Failure(f"could not look at {machine.name}", command.tail(error.stderr)) from error
    listed = machine.run(["kubectl", "get", "pods", "-A", "-o", "json", "--request-timeout=5s"], check=False)
    pods = json.loads(listed.stdout)["items"] if listed.returncode == 0 else None
    return rows(health.services(machine), json.loads(out), pods)


def rows(
    services: Sequence[health.Service], probe: Mapping[str, Any], pods: Sequence[Mapping[str, Any]] | None
) -> list[Row]:
    """The table's lines. `probe`: see status_probe.py. `pods`: None if the API does not answer."""
    return [
        *_services(services, probe["processes"]),
        *_operators(probe["health"]),
        *_pods(pods),
        *_units(probe["units"]),
    ]


def _services(services: Sequence[health.Service], processes: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for service in services:
        own = [process for process in processes if process["unit"] == service.name]
        up = max((process["up_seconds"] for process in own), default=0.0)
        used = sum(process["cpu_seconds"] for process in own)
        notes = [f"pid {service.pid}" if service.pid else "", f"up {_duration(up)}" if own else ""]
        notes.append(f"{service.restarts} restarts" if service.restarts else "")
        yield Row(
            service.name.removeprefix("ukube-").removesuffix(".service"),
            f"{service.active} ({service.sub})",
            sum(process["pss_kb"] for process in own) if own else None,
            100 * used / up if up else None,
            ", ".join(note for note in notes if note),
            service.active == "active",
        )


def _operators(answer: Mapping[str, Any] | None) -> Iterator[Row]:
    """One row per operator, from the operators' own health report."""
    if answer is None:
        yield Row("operators", "do not answer", note=f"http://{paths.METRICS}/healthz", ok=False)
        return
    for name, state in sorted(answer.get("operators", {}).items()):
        fine = bool(state.get("ok")) if isinstance(state, Mapping) else bool(state)
        said = {key: value for key, value in state.items() if key != "ok"} if isinstance(state, Mapping) else {}
        note = ", ".join(f"{key} {value}" for key, value in said.items() if value not in (None, "", 0, False, {}, []))
        yield Row(f"operator {name}", "ok" if fine else "not ok", note=note, ok=fine)


def _pods(pods: Sequence[Mapping[str, Any]] | None) -> Iterator[Row]:
    if pods is None:
        yield Row("Pods", "unknown", note="the API does not answer", ok=False)
        return
    phases: dict[str, int] = {}
    for pod in pods:
        phase = pod.get("status", {}).get("phase", "Unknown")
        phases[phase] = phases.get(phase, 0) + 1
    words = ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))
    yield Row("Pods", words or "none", note=f"{len(pods)} in all" if pods else "")


def _units(units: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    states: dict[str, int] = {}
    for unit in units:
        state = f"{unit['active']} ({unit['sub']})"
        states[state] = states.get(state, 0) + 1
    words = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    restarts = sum(unit["restarts"] for unit in units)
    bad = any(unit["active"] == "failed" for unit in units)
    yield Row("Pods' units", words or "none", note=f"{restarts} restarts" if restarts else "", ok=not bad)


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
