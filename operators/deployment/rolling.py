"""RollingUpdate: grow the new ReplicaSet and shrink the old ones within maxSurge and maxUnavailable."""

from __future__ import annotations

from typing import Any

from operators.deployment import limits, sets


def new_size(deployment: dict[str, Any], observed: sets.Sets) -> int:
    """How big the new ReplicaSet may be right now: as big as the surge leaves room for, never more than wanted."""
    wanted = limits.of(deployment)
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return wanted.replicas
    present = 0 if observed.new is None else sets.size(observed.new)
    if present > wanted.replicas:
        return wanted.replicas
    room = wanted.most - sets.total(observed.all)
    return present + max(0, min(room, wanted.replicas - present))


def sizes(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, int]:
    """ReplicaSet name -> size, for all whose size should change now; needs an existing new ReplicaSet.

    The result depends only on what has been observed and is complete: with these sizes applied and nothing else
    changed, the next answer is empty. Old Pods that are not available go first, as nobody would miss them; after
    that, as many available ones as the new ReplicaSet has made up for.
    """
    new = observed.new
    assert new is not None
    wanted = limits.of(deployment)
    target = {sets.name(rs): sets.size(rs) for rs in observed.all}
    target[sets.name(new)] = new_size(deployment, observed)
    old = sets.active(observed.old)
    # Without the surplus that is already asked to go, and without what the new Pods still have to make up for.
    missing_new = target[sets.name(new)] - _available(new, target)
    removable = sum(target.values()) - wanted.least - missing_new
    if removable > 0:
        _drop_unavailable(old, target, removable)
        _drop_available(old, target, _all_available(observed, target) - wanted.least)
    return {sets.name(rs): target[sets.name(rs)] for rs in observed.all if target[sets.name(rs)] != sets.size(rs)}


def _available(rs: dict[str, Any], target: dict[str, int]) -> int:
    # The status may still count Pods that the ReplicaSet was already told to remove: those must not count twice.
    return min(sets.counted(rs, "availableReplicas"), target[sets.name(rs)])


def _all_available(observed: sets.Sets, target: dict[str, int]) -> int:
    return sum(_available(rs, target) for rs in observed.all)


def _drop_unavailable(old: list[dict[str, Any]], target: dict[str, int], most: int) -> None:
    for rs in old:
        unavailable = target[sets.name(rs)] - _available(rs, target)
        dropped = min(most, unavailable)
        target[sets.name(rs)] -= dropped
        most -= dropped


def _drop_available(old: list[dict[str, Any]], target: dict[str, int], most: int) -> None:
    for rs in old:
        dropped = max(0, min(most, target[sets.name(rs)]))
        target[sets.name(rs)] -= dropped
        most -= dropped
