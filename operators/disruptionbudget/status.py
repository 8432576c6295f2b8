"""PodDisruptionBudget: its status (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from operators._kube import conditions, meta
from operators._kube.meta import Object

_ALLOWED = "DisruptionAllowed"


def compute(
    budget: Object, healthy: int, desired: int, expected: int, evicted: Mapping[str, str], now: datetime
) -> Object:
    """The whole status (policy/v1 PodDisruptionBudgetStatus)."""
    allowed = max(0, healthy - desired) if expected > 0 else 0
    status: Object = {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "disruptionsAllowed": allowed,
        "observedGeneration": meta.generation_of(budget),
    }
    if evicted:
        status["disruptedPods"] = dict(evicted)
    reason = "SufficientPods" if allowed else "InsufficientPods"
    status["conditions"] = _conditions(budget, allowed > 0, reason, "", now)
    return status


def failed(budget: Object, why: str, now: datetime) -> Object:
    """Nothing may be evicted while it is not known how many Pods there should be."""
    old = budget.get("status") or {}
    counts = {name: old.get(name, 0) for name in ("currentHealthy", "desiredHealthy", "expectedPods")}
    return {
        **old,
        **counts,
        "disruptionsAllowed": 0,
        "observedGeneration": meta.generation_of(budget),
        "conditions": _conditions(budget, False, "SyncFailed", why, now),
    }


def _conditions(budget: Object, is_allowed: bool, reason: str, message: str, now: datetime) -> list[Object]:
    placed = conditions.put(conditions.of(budget), conditions.make(_ALLOWED, is_allowed, reason, message), now)
    generation = meta.generation_of(budget)
    return [{**c, "observedGeneration": generation} if c["type"] == _ALLOWED else c for c in placed]
