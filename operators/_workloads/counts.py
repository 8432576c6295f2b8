"""Replicas that are all alike: what `status` says about their Pods (ReplicaSet, ReplicationController; pure)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from operators._kube import conditions, meta
from operators._workloads import pods

_FAILURE = "ReplicaFailure"


def compute(
    rs: dict[str, Any],
    owned: Collection[dict[str, Any]],
    now: datetime,
    *,
    errors: Sequence[Exception] = (),
    missing: int = 0,
) -> dict[str, Any]:
    """The whole status (apps/v1 ReplicaSetStatus), zero counts left out as the API does.

    `owned`: all its Pods, also finished and terminating ones; `errors`: why Pods could not be created (`missing`
    > 0) or deleted (< 0).
    """
    labels = (rs["spec"]["template"].get("metadata") or {}).get("labels") or {}
    active = [pod for pod in owned if pods.is_active(pod)]
    least = rs["spec"].get("minReadySeconds", 0)
    optional = {
        "fullyLabeledReplicas": sum(1 for pod in active if labels.items() <= meta.labels_of(pod).items()),
        "readyReplicas": sum(1 for pod in active if pods.is_ready(pod)),
        "availableReplicas": sum(1 for pod in active if pods.is_available(pod, least, now)),
    }
    status: dict[str, Any] = {
        "replicas": len(active),
        **{field: count for field, count in optional.items() if count},
        "terminatingReplicas": sum(1 for pod in owned if pods.is_terminating(pod)),
        "observedGeneration": meta.generation_of(rs),
    }
    listed = _conditions(rs, errors, missing, now)
    if listed:
        status["conditions"] = listed
    return status


def next_check(rs: dict[str, Any], owned: Collection[dict[str, Any]], now: datetime) -> float | None:
    """Seconds until the next Pod becomes available by the passing of minReadySeconds alone; None if none will."""
    least = rs["spec"].get("minReadySeconds", 0)
    active = (pod for pod in owned if pods.is_active(pod))
    waits = (pods.seconds_to_available(pod, least, now) for pod in active)
    return min((wait for wait in waits if wait is not None), default=None)


def _conditions(rs: dict[str, Any], errors: Sequence[Exception], missing: int, now: datetime) -> list[dict[str, Any]]:
    listed = conditions.of(rs)
    if not errors:
        return conditions.drop(listed, _FAILURE)
    if conditions.get(listed, _FAILURE) is not None:
        return listed  # the first failure stays until it is over: no write for each new try
    reason = "FailedCreate" if missing > 0 else "FailedDelete"
    return conditions.put(listed, conditions.make(_FAILURE, True, reason, str(errors[0])), now)
