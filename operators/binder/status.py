"""Binder: the PodScheduled condition of a Pod that finds no place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from operators._kube import conditions, meta


def unschedulable(pod: dict[str, Any], message: str, now: datetime) -> dict[str, Any]:
    """The whole Pod status with PodScheduled=False; equal to the present one if nothing new is to be said."""
    condition = conditions.make("PodScheduled", False, "Unschedulable", message)
    if generation := meta.generation_of(pod):
        condition["observedGeneration"] = generation
    listed = conditions.put(conditions.of(pod), condition, now)
    return {**(pod.get("status") or {}), "conditions": listed}


def is_news(pod: dict[str, Any], message: str) -> bool:
    """True unless the Pod says the same already."""
    present = conditions.get(conditions.of(pod), "PodScheduled") or {}
    return (present.get("reason"), present.get("message")) != ("Unschedulable", message)
