"""Recreate: all old Pods must be gone before the first new one is made."""

from __future__ import annotations

from typing import Any

from operators.deployment import sets


def drained(observed: sets.Sets) -> bool:
    """True once no old ReplicaSet has a Pod left, a terminating one included.

    Takes the ReplicaSets' own word for it (status.replicas and status.terminatingReplicas of the observed
    generation), so that a Deployment needs no watch on Pods.
    """
    return all(_gone(rs) for rs in observed.old)


def _gone(rs: dict[str, Any]) -> bool:
    up_to_date = sets.counted(rs, "observedGeneration") >= rs["metadata"].get("generation", 0)
    return (
        up_to_date
        and sets.size(rs) == 0
        and sets.counted(rs, "replicas") == 0
        and sets.counted(rs, "terminatingReplicas") == 0
    )


def sizes(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, int]:
    """ReplicaSet name -> size, for all whose size should change now."""
    shrink = {sets.name(rs): 0 for rs in sets.active(observed.old)}
    if shrink or not drained(observed) or observed.new is None:
        return shrink
    replicas = deployment["spec"].get("replicas", 1)
    return {} if sets.size(observed.new) == replicas else {sets.name(observed.new): replicas}
