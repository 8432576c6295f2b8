"""Pods and nodes for the binder's tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operators._kube import meta
from operators.binder.cluster import Cluster

Obj = dict[str, Any]


def pod(name: str = "p", *, requests: Obj | None = None, ports: list[Obj] | None = None, **spec: Any) -> Obj:
    container: Obj = {"name": "c"}
    if requests:
        container["resources"] = {"requests": requests}
    if ports:
        container["ports"] = ports
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}"},
        "spec": {"containers": [container], "schedulerName": "default-scheduler", **spec},
        "status": {"phase": "Pending"},
    }


def node(
    name: str = "n1", *, taints: list[Obj] | None = None, labels: dict[str, str] | None = None, **allocatable: str
) -> Obj:
    spec: Obj = {"taints": taints} if taints else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110", **allocatable}},
    }


def cluster(*nodes: Obj, pods: Iterable[Obj] = (), **more: Any) -> Cluster:
    """Pods without a node are on the first one."""
    by_name = {meta.name_of(node): node for node in nodes}
    found: dict[str, list[Obj]] = {name: [] for name in by_name}
    for pod in pods:
        found[pod["spec"].get("nodeName") or next(iter(by_name))].append(pod)
    return Cluster(by_name, found, **more)
