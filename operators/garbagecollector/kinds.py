"""The kinds that the garbage collector watches, and how references name them."""

from __future__ import annotations

from typing import NamedTuple

from operators._kube.paths import Kind


class Served(NamedTuple):
    """A kind as URLs name it (`path`), as owner references do (`name`), and whether it lives in namespaces."""

    path: Kind
    name: str
    namespaced: bool


def _of(api_version: str, resource: str, name: str, namespaced: bool = True) -> Served:
    return Served(Kind(api_version, resource), name, namespaced)


# Kinds that own others or are owned in nearly every cluster. All others are looked through from time to time: a watch
# of a kind that never changes costs a connection at both ends. The first is watched anyway, as any would do.
WATCHED = (
    _of("v1", "nodes", "Node", namespaced=False),
    _of("v1", "pods", "Pod"),
    _of("v1", "configmaps", "ConfigMap"),
    _of("v1", "secrets", "Secret"),
    _of("v1", "services", "Service"),
    _of("v1", "serviceaccounts", "ServiceAccount"),
    _of("v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    _of("v1", "replicationcontrollers", "ReplicationController"),
    _of("apps/v1", "deployments", "Deployment"),
    _of("apps/v1", "replicasets", "ReplicaSet"),
    _of("apps/v1", "statefulsets", "StatefulSet"),
    _of("apps/v1", "daemonsets", "DaemonSet"),
    _of("apps/v1", "controllerrevisions", "ControllerRevision"),
    _of("batch/v1", "jobs", "Job"),
    _of("batch/v1", "cronjobs", "CronJob"),
    _of("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
)

# Events name what they are about by other means, go by themselves, and are many.
NEVER = frozenset({("", "events"), ("events.k8s.io", "events")})
