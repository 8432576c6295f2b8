"""Deployment: what `status` and the revision annotation say after a round."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from operators._kube import conditions, meta
from operators.deployment import limits, progress, sets


def compute(
    deployment: dict[str, Any],
    observed: sets.Sets,
    now: datetime,
    *,
    rollout: bool = True,
    created: bool = False,
    failure: str | None = None,
    collision: bool = False,
) -> dict[str, Any]:
    """The whole status (apps/v1 DeploymentStatus), fields that are zero left out as the API does.

    `rollout`: judge the rollout's progress, too. `created`: this round made the new ReplicaSet. `failure`: why it
    could not be made. `collision`: its name is taken by a ReplicaSet with another template.
    """
    status = _counts(deployment, observed)
    if collision:
        status["collisionCount"] = status.get("collisionCount", 0) + 1
    listed = _with_progress(deployment, observed, status, now, rollout=rollout, created=created, failure=failure)
    listed = _put(listed, _available(deployment, status), now)
    if rollout:
        listed = _with_replica_failure(listed, observed)
    if listed:
        status["conditions"] = listed
    return {field: value for field, value in status.items() if value or field == "terminatingReplicas"}


def revision(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, str]:
    """The Deployment's revision annotation where it has to change, else {}."""
    number = None if observed.new is None else sets.annotation(observed.new, sets.REVISION)
    if not number or sets.annotation(deployment, sets.REVISION) == number:
        return {}
    return {sets.REVISION: number}


def _counts(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, Any]:
    def summed(field: str) -> int:
        return sum(sets.counted(rs, field) for rs in observed.all)

    status = {
        "observedGeneration": meta.generation_of(deployment),
        "replicas": summed("replicas"),
        "updatedReplicas": sets.counted(observed.new, "replicas"),
        "readyReplicas": summed("readyReplicas"),
        "availableReplicas": summed("availableReplicas"),
        "unavailableReplicas": max(0, sets.total(observed.all) - summed("availableReplicas")),
        "collisionCount": (deployment.get("status") or {}).get("collisionCount", 0),
    }
    # Unknown until every ReplicaSet has said it.
    if all((rs.get("status") or {}).get("terminatingReplicas") is not None for rs in observed.all):
        status["terminatingReplicas"] = summed("terminatingReplicas")
    return status


def _available(deployment: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    if status["availableReplicas"] >= limits.of(deployment).least:
        message = "Deployment has minimum availability."
        return conditions.make("Available", True, "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return conditions.make("Available", False, "MinimumReplicasUnavailable", message)


def _with_progress(
    deployment: dict[str, Any],
    observed: sets.Sets,
    status: dict[str, Any],
    now: datetime,
    *,
    rollout: bool,
    created: bool,
    failure: str | None,
) -> list[dict[str, Any]]:
    listed = conditions.of(deployment)
    if meta.is_deleting(deployment):
        return listed
    if progress.deadline(deployment) is None:
        return conditions.drop(listed, progress.TYPE) if rollout else listed
    if failure is not None:
        return _put(listed, conditions.make(progress.TYPE, False, "ReplicaSetCreateError", failure), now)
    begun = progress.begun(deployment, observed.new, created=created)
    if begun is not None:
        listed = _put(listed, begun, now)
    if not rollout:
        return listed
    current = conditions.get(listed, progress.TYPE)
    judged = progress.judged(deployment, observed.new, status, current, now)
    if judged is None:
        return listed
    return _put(listed, judged, now, touch=judged["reason"] == "ReplicaSetUpdated")


def _with_replica_failure(listed: list[dict[str, Any]], observed: sets.Sets) -> list[dict[str, Any]]:
    # The new ReplicaSet's failure is the more interesting one.
    candidates = [observed.new, *observed.old] if observed.new is not None else list(observed.old)
    found = (conditions.get(conditions.of(rs), "ReplicaFailure") for rs in candidates)
    failure = next((condition for condition in found if condition is not None), None)
    if failure is None:
        return conditions.drop(listed, "ReplicaFailure")
    moved = {"lastUpdateTime": failure.get("lastTransitionTime")}
    current = conditions.get(listed, "ReplicaFailure")
    if current is not None and _same(current, failure):
        return listed
    return [*conditions.drop(listed, "ReplicaFailure"), {**failure, **moved}]


def _put(
    listed: list[dict[str, Any]], new: dict[str, Any], now: datetime, *, touch: bool = False
) -> list[dict[str, Any]]:
    """Sets a condition; one with the same status and reason is kept, unless `touch` asks for a new lastUpdateTime."""
    old = conditions.get(listed, new["type"])
    if old is not None and _same(old, new) and not touch:
        return listed
    stamp = meta.format_time(now)
    kept = old is not None and old.get("status") == new["status"]
    moved = (old or {}).get("lastTransitionTime", stamp) if kept else stamp
    entry = {**new, "lastUpdateTime": stamp, "lastTransitionTime": moved}
    return [*conditions.drop(listed, new["type"]), entry]


def _same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.get("status") == right.get("status") and left.get("reason") == right.get("reason")
