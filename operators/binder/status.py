"""Binder: what a Pod's status says while it finds no place, and when it has to leave for another (pure)."""

from __future__ import annotations

from datetime import datetime

from operators._kube import conditions, meta
from operators._kube.meta import Object
from operators.binder import preemption


def unschedulable(pod: Object, message: str, now: datetime, nominated: str | None = None) -> Object:
    """The whole Pod status with PodScheduled=False; equal to the present one if nothing new is to be said.

    nominated: the node where room is being made; "" where there is none any more, None leaves it as it is.
    """
    condition = _observed(pod, conditions.make("PodScheduled", False, "Unschedulable", message))
    listed = conditions.put(conditions.of(pod), condition, now)
    status = {**(pod.get("status") or {}), "conditions": listed}
    if nominated:
        status["nominatedNodeName"] = nominated
    elif nominated == "":
        status.pop("nominatedNodeName", None)
    return status


def is_news(pod: Object, message: str) -> bool:
    """True unless the Pod says the same already."""
    present = conditions.get(conditions.of(pod), "PodScheduled") or {}
    return (present.get("reason"), present.get("message")) != ("Unschedulable", message)


def preempted(victim: Object, preemptor: Object, now: datetime) -> Object:
    """A strategic merge patch with the condition that says why the Pod is deleted."""
    scheduler = preemptor["spec"].get("schedulerName", "")
    message = f"{scheduler}: preempting to accommodate a higher priority pod"
    condition = conditions.make("DisruptionTarget", True, preemption.REASON, message)
    (placed,) = conditions.put([], _observed(victim, condition), now)
    return {"metadata": {"uid": meta.uid_of(victim)}, "status": {"conditions": [placed]}}


def _observed(pod: Object, condition: Object) -> Object:
    generation = meta.generation_of(pod)
    return {**condition, "observedGeneration": generation} if generation else condition
