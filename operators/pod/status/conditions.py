"""status.conditions of a Pod (pure)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from operators._kube import conditions, meta
from operators.pod.sources import Object
from operators.pod.status.facts import Facts

_RESIZE = ("PodResizePending", "PodResizeInProgress")


def compute(
    pod: Object, phase_now: str, inits: Sequence[Object], apps: Sequence[Object], facts: Facts, now: datetime
) -> list[dict[str, Any]]:
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}
    incomplete = [s["name"] for s in inits if not (s["started"] if s["name"] in sidecars else s["ready"])]
    unready = [s["name"] for s in (*inits, *apps) if not s["ready"] and (s in apps or s["name"] in sidecars)]
    begun = any("waiting" not in s["state"] or s["lastState"] for s in apps)
    initialized = conditions.make("Initialized", begun or not incomplete)
    if phase_now == "Succeeded":
        initialized["reason"] = "PodCompleted"
    elif incomplete and not begun:  # a sidecar that is restarted later does not take it back
        initialized |= {
            "reason": "ContainersNotInitialized",
            "message": f"containers with incomplete status: [{' '.join(incomplete)}]",
        }
    containers_ready = _ready("ContainersReady", phase_now, unready)
    ready = _ready("Ready", phase_now, unready)
    present = conditions.of(dict(pod))
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    if ready["status"] == "True" and (closed := [g for g in gates if not conditions.is_true(present, g)]):
        ready = conditions.make("Ready", False, "ReadinessGatesNotReady", _gates_message(closed, present))
    new = [
        conditions.make("PodReadyToStartContainers", facts.has_sandbox),
        initialized,
        ready,
        containers_ready,
        conditions.get(present, "PodScheduled") or conditions.make("PodScheduled", True),
    ]
    result = list(present)
    if facts.ending is not None and facts.ending.disruption:
        new.append(conditions.make("DisruptionTarget", True, facts.ending.disruption, facts.ending.message))
    for condition in new:
        result = _put(result, condition, meta.generation_of(pod), now)
    return _resize(result, facts.resize, now)


def _resize(present: list[dict[str, Any]], wanted: Sequence[Object], now: datetime) -> list[dict[str, Any]]:
    """Those of a resize are of the generation that asked for it, and go when it is over."""
    kept = {condition["type"] for condition in wanted}
    result = [c for c in present if c["type"] not in _RESIZE or c["type"] in kept]
    for condition in wanted:
        result = _put(result, condition, int(condition.get("observedGeneration") or 0), now)
    return result


def _put(present: list[dict[str, Any]], new: Object, generation: int, now: datetime) -> list[dict[str, Any]]:
    placed = conditions.put(present, dict(new), now)
    extra: dict[str, Any] = {"lastProbeTime": None}
    if generation:
        extra["observedGeneration"] = generation
    return [{**c, **extra} if c["type"] == new["type"] else c for c in placed]


def _ready(type_: str, phase_now: str, unready: Sequence[str]) -> dict[str, Any]:
    if phase_now == "Succeeded":
        return conditions.make(type_, False, "PodCompleted")
    if phase_now == "Failed":
        return conditions.make(type_, False, "PodFailed")
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return conditions.make(type_, False, "ContainersNotReady", message)
    return conditions.make(type_, True)


def _gates_message(closed: Iterable[str], present: Iterable[Object]) -> str:
    known = {condition["type"]: condition for condition in present}
    return ", ".join(
        f'the status of pod readiness gate "{gate}" is not "True", but {known[gate]["status"]}'
        if gate in known
        else f'corresponding condition of pod readiness gate "{gate}" does not exist.'
        for gate in closed
    )
