"""Replicas that are all alike: which Pods to create or delete (ReplicaSet, ReplicationController; pure)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from operators._kube import meta
from operators._kube.actions import Create, Delete, Note
from operators._workloads import pods, ranking, template

# More than this are not created or deleted in one round; the next one goes on.
BURST = 500
_CREATED = Note("SuccessfulCreate", "Created pod: {name}")
_NOT_CREATED = Note("FailedCreate", "Error creating: {error}")
_DELETED = Note("SuccessfulDelete", "Deleted pod: {name}")
_NOT_DELETED = Note("FailedDelete", "Error deleting: {error}")


def wanted(rs: dict[str, Any]) -> int:
    return int(rs["spec"].get("replicas", 1))


def missing(rs: dict[str, Any], owned: Iterable[dict[str, Any]]) -> int:
    """How many Pods are lacking; negative: too many."""
    return wanted(rs) - sum(1 for pod in owned if pods.is_active(pod))


def actions(
    rs: dict[str, Any], owned: Iterable[dict[str, Any]], related: Iterable[dict[str, Any]], now: datetime
) -> list[Create] | list[Delete]:
    """The writes that bring the active Pods among `owned` to spec.replicas; none while the ReplicaSet is deleted.

    `related`: Pods of all ReplicaSets of the same Deployment, which count when Pods are picked for deletion.
    """
    if meta.is_deleting(rs):
        return []
    active = [pod for pod in owned if pods.is_active(pod)]
    lacking = wanted(rs) - len(active)
    if lacking >= 0:
        body = template.pod(rs)
        return [Create("v1", "pods", body, success=_CREATED, failure=_NOT_CREATED)] * min(lacking, BURST)
    surplus = ranking.ranked(active, related, now)[: min(-lacking, BURST)]
    return [_delete(pod) for pod in surplus]


def _delete(pod: dict[str, Any]) -> Delete:
    # The uid: a Pod that has taken the name meanwhile is not the one that was picked.
    return Delete(
        "v1",
        "pods",
        meta.namespace_of(pod),
        meta.name_of(pod),
        uid=meta.uid_of(pod),
        success=_DELETED,
        failure=_NOT_DELETED,
    )
