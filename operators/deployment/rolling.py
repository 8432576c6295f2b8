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
    if not all(map(sets.is_clear, observed.all)):
        return present
    there = sum(max(sets.size(rs), sets.counted(rs, "replicas")) for rs in observed.all)
    return _grown(wanted, present, there)


def sizes(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, int]:
    """ReplicaSet name -> size, for all whose size should change now; needs an existing new ReplicaSet.

    The result depends only on what has been observed and is complete: with these sizes applied and nothing else
    changed, the next answer is empty. Old Pods that are not available go first, as nobody would miss them; after
    that, as many available ones as the new ReplicaSet has made up for. They make room once they were told to go:
    Pods that a ReplicaSet still has beyond its size count against the surge. Nothing moves while one of them has to
    say first what it has.
    """
    assert observed.new is not None
    if not all(map(sets.is_clear, observed.all)):
        return {}
    wanted, new = limits.of(deployment), sets.name(observed.new)
    target = {sets.name(rs): sets.size(rs) for rs in observed.all}
    # The status may still count Pods that the ReplicaSet was already told to remove; they don't come back by growing.
    available = {sets.name(rs): min(sets.counted(rs, "availableReplicas"), sets.size(rs)) for rs in observed.all}
    running = {sets.name(rs): sets.most(rs) for rs in observed.all}
    old = [sets.name(rs) for rs in observed.old]
    while True:
        before = dict(target)
        there = sum(max(size, running[name]) for name, size in target.items())
        target[new] = _grown(wanted, target[new], there)
        _shrink(old, new, target, available, wanted.least)
        if target == before:
            break
    present = {sets.name(rs): sets.size(rs) for rs in observed.all}
    return {name: size for name, size in target.items() if size != present[name]}


def _grown(wanted: limits.Limits, present: int, total: int) -> int:
    if present > wanted.replicas:
        return wanted.replicas
    return present + max(0, min(wanted.most - total, wanted.replicas - present))


def _shrink(old: list[str], new: str, target: dict[str, int], available: dict[str, int], least: int) -> None:
    def counted(name: str) -> int:
        return min(available[name], target[name])

    missing_new = target[new] - counted(new)
    removable = sum(target.values()) - least - missing_new
    if removable <= 0:
        return
    for name in old:
        dropped = min(removable, target[name] - counted(name))
        target[name] -= dropped
        removable -= dropped
    spare = sum(counted(name) for name in target) - least
    for name in old:
        dropped = max(0, min(spare, target[name]))
        target[name] -= dropped
        spare -= dropped
