"""Deployments and ReplicaSets as the API serves them, short to write."""

from __future__ import annotations

import copy
from typing import Any

from operators.deployment import sets, template

Obj = dict[str, Any]


def pod_template(image: str = "img:1", **labels: str) -> Obj:
    return {
        "metadata": {"labels": {"app": "web", **labels}},
        "spec": {"containers": [{"name": "c", "image": image, "resources": {}}], "securityContext": {}},
    }


def deployment(replicas: int = 3, image: str = "img:1", *, strategy: Obj | None = None, **spec: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "ns", "uid": "d-uid", "generation": 1, "annotations": {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": pod_template(image),
            "strategy": strategy or rolling("25%", "25%"),
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            **spec,
        },
        "status": {},
    }


def rolling(surge: int | str, unavailable: int | str) -> Obj:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


RECREATE: Obj = {"type": "Recreate"}


def replica_set(
    name: str,
    replicas: int,
    image: str = "img:1",
    *,
    age: int = 0,
    available: int | None = None,
    running: int | None = None,
    terminating: int = 0,
    revision: int = 1,
    desired: int | None = None,
    most: int | None = None,
    **annotations: str,
) -> Obj:
    """`age`: the higher, the older. `running`: Pods there are (status.replicas); `available`: of them."""
    notes = {sets.REVISION: str(revision), **annotations}
    if desired is not None:
        notes[sets.DESIRED] = str(desired)
    if most is not None:
        notes[sets.MAX] = str(most)
    running = replicas if running is None else running
    available = running if available is None else available
    pods = pod_template(image)
    pods["metadata"]["labels"][template.HASH_LABEL] = name
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"web-{name}",
            "namespace": "ns",
            "uid": f"uid-{name}",
            "resourceVersion": "7",
            "generation": 1,
            "creationTimestamp": f"2026-01-01T00:{59 - age:02d}:00Z",
            "labels": {"app": "web", template.HASH_LABEL: name},
            "annotations": notes,
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d-uid", "controller": True}
            ],
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web", template.HASH_LABEL: name}},
            "template": pods,
        },
        "status": {
            "replicas": running,
            "readyReplicas": available,
            "availableReplicas": available,
            "terminatingReplicas": terminating,
            "observedGeneration": 1,
        },
    }


def with_size(rs: Obj, replicas: int) -> Obj:
    changed = copy.deepcopy(rs)
    changed["spec"]["replicas"] = replicas
    return changed
