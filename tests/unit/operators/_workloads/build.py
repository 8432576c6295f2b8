"""ReplicaSets and Pods as the API serves them, short to write."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


def replica_set(replicas: int = 3, **spec: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "rs", "namespace": "ns", "uid": "rs-uid", "generation": 2},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "rs"}},
            "template": {
                "metadata": {"labels": {"app": "rs"}, "creationTimestamp": None},
                "spec": {"containers": [{"name": "c", "image": "img"}]},
            },
            **spec,
        },
        "status": {"replicas": 0},
    }


def pod(
    name: str = "p",
    phase: str = "Running",
    *,
    node: str | None = "n1",
    ready: str | None = "2026-01-01T11:00:00Z",
    created: str = "2026-01-01T10:00:00Z",
    deleting: bool = False,
    restarts: int = 0,
    cost: str | None = None,
    labels: dict[str, str] | None = None,
) -> Obj:
    """`ready`: since when, None: it is not."""
    metadata: Obj = {
        "name": name,
        "namespace": "ns",
        "uid": f"uid-{name}",
        "creationTimestamp": created,
        "labels": {"app": "rs"} if labels is None else labels,
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "rs-uid", "controller": True}
        ],
    }
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    if cost is not None:
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": cost}
    spec: Obj = {"containers": [{"name": "c"}]}
    if node is not None:
        spec["nodeName"] = node
    status: Obj = {"phase": phase, "containerStatuses": [{"name": "c", "restartCount": restarts}]}
    if ready is not None:
        status["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
