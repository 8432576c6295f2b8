"""The Progressing condition of a Deployment: does the rollout move, is it done, did it miss its deadline?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from operators._kube import conditions, meta
from operators.deployment import sets

TYPE = "Progressing"
COMPLETE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
_PAUSED, _RESUMED = "DeploymentPaused", "DeploymentResumed"
_NO_DEADLINE = 2**31 - 1


def deadline(deployment: dict[str, Any]) -> timedelta | None:
    """How long a rollout may stand still; None: for ever."""
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return None if seconds is None or seconds == _NO_DEADLINE else timedelta(seconds=seconds)


def begun(deployment: dict[str, Any], new: dict[str, Any] | None, *, created: bool) -> dict[str, Any] | None:
    """The condition that opens a rollout, or that notes a pause or a resume; None if there is none to set."""
    if deadline(deployment) is None:
        return None
    current = conditions.get(conditions.of(deployment), TYPE)
    if created and new is not None:
        message = f'Created new replica set "{sets.name(new)}"'
        return conditions.make(TYPE, True, "NewReplicaSetCreated", message)
    paused, reason = bool(deployment["spec"].get("paused")), (current or {}).get("reason")
    if reason != TIMED_OUT and paused != (reason == _PAUSED):
        if paused:
            return conditions.make(TYPE, None, _PAUSED, "Deployment is paused")
        return conditions.make(TYPE, None, _RESUMED, "Deployment is resumed")
    if current is None and new is not None:
        return conditions.make(TYPE, True, "FoundNewReplicaSet", f'Found new replica set "{sets.name(new)}"')
    return None


def judged(
    deployment: dict[str, Any],
    new: dict[str, Any] | None,
    status: dict[str, Any],
    current: dict[str, Any] | None,
    now: datetime,
) -> dict[str, Any] | None:
    """The condition after a round of the rollout, from the old status (in `deployment`) and the counts of the new one.

    None: it stays as it is. `current` is the condition of the new status so far.
    """
    if deadline(deployment) is None or settled(status, current):
        return None
    if complete(deployment, status):
        return conditions.make(TYPE, True, COMPLETE, f"{_subject(deployment, new)} has successfully progressed.")
    if _moved(deployment.get("status") or {}, status):
        return conditions.make(TYPE, True, "ReplicaSetUpdated", f"{_subject(deployment, new)} is progressing.")
    if timed_out(deployment, current, now):
        return conditions.make(TYPE, False, TIMED_OUT, f"{_subject(deployment, new)} has timed out progressing.")
    return None


def settled(status: dict[str, Any], current: dict[str, Any] | None) -> bool:
    """True if the last rollout was completed: a Pod lost afterwards does not start another one."""
    same = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    return same and current is not None and current.get("reason") == COMPLETE


def complete(deployment: dict[str, Any], status: dict[str, Any]) -> bool:
    """True if all Pods that are wanted are new and available, and no others exist."""
    replicas = deployment["spec"].get("replicas", 1)
    counts = (status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas"))
    return all(count == replicas for count in counts)


def timed_out(deployment: dict[str, Any], current: dict[str, Any] | None, now: datetime) -> bool:
    limit = deadline(deployment)
    if limit is None or current is None or current.get("reason") == COMPLETE:
        return False
    if current.get("reason") == TIMED_OUT:
        return True
    moved = current.get("lastUpdateTime")
    return moved is not None and meta.parse_time(moved) + limit < now


def next_check(deployment: dict[str, Any], status: dict[str, Any], now: datetime) -> float | None:
    """Seconds until the deadline has to be looked at; None if the rollout is complete or has missed it already."""
    limit = deadline(deployment)
    current = conditions.get(status.get("conditions") or [], TYPE)
    if limit is None or current is None or complete(deployment, status):
        return None
    if current.get("reason") in (TIMED_OUT, COMPLETE, _PAUSED):
        return None
    # One second more than the deadline, as the API's times have whole seconds.
    left = meta.parse_time(current.get("lastUpdateTime") or meta.format_time(now)) + limit - now
    return max(1.0, left.total_seconds() + 1.0)


def _moved(old: dict[str, Any], new: dict[str, Any]) -> bool:
    def leftover(status: dict[str, Any]) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grown = any(new.get(f, 0) > old.get(f, 0) for f in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return grown or leftover(new) < leftover(old)


def _subject(deployment: dict[str, Any], new: dict[str, Any] | None) -> str:
    if new is None:
        return f'Deployment "{meta.name_of(deployment)}"'
    return f'ReplicaSet "{sets.name(new)}"'
