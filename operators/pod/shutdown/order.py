"""In which order Pods end when the machine goes down (pure). See the Kubernetes page "Node Shutdowns"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from operators.pod.shutdown.settings import Settings

_CRITICAL = 2_000_000_000  # the priority of system-cluster-critical, from which on a Pod is critical


@dataclass(frozen=True, slots=True)
class Step:
    """Pods (by UID) that end together, and how long the next step waits for them, in seconds."""

    uids: tuple[str, ...]
    seconds: float


def steps(pods: Iterable[Mapping[str, Any]], settings: Settings) -> list[Step]:
    """Critical Pods last. Pods without a process any more are fine: there is nothing to end."""
    critical: list[str] = []
    others: list[str] = []
    for pod in pods:
        (critical if is_critical(pod) else others).append(str(pod["metadata"]["uid"]))
    found = [Step(tuple(others), settings.period - settings.critical), Step(tuple(critical), settings.critical)]
    return [step for step in found if step.uids and step.seconds > 0]


def is_critical(pod: Mapping[str, Any]) -> bool:
    return int(pod["spec"].get("priority") or 0) >= _CRITICAL
