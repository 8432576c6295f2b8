"""HorizontalPodAutoscaler: its status (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from operators._kube import conditions, meta
from operators._kube.meta import Object

#: type, status, reason, message
Word = tuple[str, bool, str, str]


def compute(
    hpa: Object,
    found: Sequence[Word],
    now: datetime,
    *,
    current: int | None = None,
    desired: int | None = None,
    metrics: Sequence[Object] = (),
    rescaled: bool = False,
) -> Object:
    """The whole status (autoscaling/v2). current None: nothing is known of the target, all numbers stay."""
    old = hpa.get("status") or {}
    status = {**old, "conditions": conditions.of(hpa)}
    for type_, is_true, reason, message in found:
        status["conditions"] = conditions.put(
            status["conditions"], conditions.make(type_, is_true, reason, message), now
        )
    status.setdefault("desiredReplicas", 0)
    if current is None:
        return status
    status["currentReplicas"] = current
    status["currentMetrics"] = list(metrics) or None
    if desired is not None:
        status["desiredReplicas"] = desired
    if rescaled:
        status["lastScaleTime"] = meta.format_time(now)
    return status
