"""Scaling outside a step of the rollout: spec.replicas was changed, or the Deployment is paused."""

from __future__ import annotations

import math
from typing import Any

from operators.deployment import limits, sets


def wanted(deployment: dict[str, Any], observed: sets.Sets) -> bool:
    """True if spec.replicas is not the number from which the ReplicaSets were sized."""
    replicas = limits.of(deployment).replicas
    noted = (sets.number(sets.annotation(rs, sets.DESIRED)) for rs in sets.active(observed.all))
    return any(number is not None and number != replicas for number in noted)


def sizes(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, int]:
    """ReplicaSet name -> size, for all that should be scaled or whose annotations should follow.

    One active ReplicaSet takes the whole size. A new one that is complete sends the others to 0. In the middle
    of a rolling update all active ones grow or shrink in proportion, so that a failing rollout does not get more
    weight by being scaled (Deployment concepts page, "Proportional scaling").
    """
    replicas = limits.of(deployment).replicas
    only = _active_or_latest(observed)
    if only is not None:
        return {sets.name(only): replicas}
    if saturated(deployment, observed.new):
        return {sets.name(rs): 0 for rs in sets.active(observed.old)}
    if not observed.all:
        return {}
    if (deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") != "RollingUpdate":
        return {sets.name(rs): sets.size(rs) for rs in sets.active(observed.all)}
    return _proportional(deployment, sets.active(observed.all))


def saturated(deployment: dict[str, Any], new: dict[str, Any] | None) -> bool:
    """True if the new ReplicaSet alone is what the Deployment asks for, and available."""
    replicas = limits.of(deployment).replicas
    return (
        new is not None
        and sets.size(new) == replicas
        and sets.number(sets.annotation(new, sets.DESIRED)) == replicas
        and sets.counted(new, "availableReplicas") == replicas
    )


def _active_or_latest(observed: sets.Sets) -> dict[str, Any] | None:
    running = sets.active(observed.all)
    if len(running) > 1:
        return None
    if running:
        return running[0]
    if observed.new is not None:
        return observed.new
    return observed.old[-1] if observed.old else None


def _proportional(deployment: dict[str, Any], running: list[dict[str, Any]]) -> dict[str, int]:
    allowed = limits.of(deployment).most if limits.of(deployment).replicas > 0 else 0
    missing = allowed - sets.total(running)
    # The biggest comes first and takes what rounding leaves over; among equals, the newer when growing.
    ordered = sorted(running, key=sets.age_order, reverse=missing > 0)
    ordered.sort(key=sets.size, reverse=True)
    target: dict[str, int] = {}
    added = 0
    for rs in ordered:
        share = _share(deployment, rs, missing, missing - added)
        target[sets.name(rs)] = sets.size(rs) + share
        added += share
    if missing:
        biggest = sets.name(ordered[0])
        target[biggest] = max(0, target[biggest] + missing - added)
    return target


def _share(deployment: dict[str, Any], rs: dict[str, Any], missing: int, left: int) -> int:
    if left == 0:
        return 0
    fraction = _fraction(deployment, rs)
    return min(fraction, left) if missing > 0 else max(fraction, left)


def _fraction(deployment: dict[str, Any], rs: dict[str, Any]) -> int:
    present = sets.size(rs)
    target = limits.of(deployment)
    if target.replicas == 0:
        return -present
    before = sets.number(sets.annotation(rs, sets.MAX)) or (deployment.get("status") or {}).get("replicas") or 0
    if before == 0:
        return 0
    return _rounded(present * target.most / before) - present


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)
