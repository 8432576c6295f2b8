"""APIServices of the groups that this server answers for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from apiserver_stub.schema import kinds

Object = dict[str, Any]

_LABELS: Final = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
# The order of groups in discovery: the highest comes first.
_PRIORITIES: Final = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
}
_VERSIONS: Final = {
    ("", "v1"): 1,
    ("autoscaling", "v2"): 30,
    ("flowcontrol.apiserver.k8s.io", "v1"): 21,
    ("resource.k8s.io", "v1"): 21,
}
# Of custom resources, as upstream registers them: group, then version.
CUSTOM_PRIORITIES: Final = (1000, 100)
# The aggregator's own group has no APIService and comes before all others.
_FIRST: Final = (1 << 20, 15)


def priorities(group: str, version: str) -> tuple[int, int]:
    """groupPriorityMinimum and versionPriority of a version that this server answers itself."""
    if group == "apiregistration.k8s.io":
        return _FIRST
    if group not in _PRIORITIES:
        return CUSTOM_PRIORITIES
    return _PRIORITIES[group], _VERSIONS.get((group, version), 15)


def local(groups: Iterable[kinds.Group], now: str) -> Iterator[Object]:
    """All but the aggregator's own group; now: metav1.Time of the condition in their status."""
    for group in groups:
        for version in group.versions:
            if group.name in _PRIORITIES:
                yield _service(group.name, version, now)


def available(now: str) -> Object:
    """The condition of a local APIService. now: metav1.Time."""
    return {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": now,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }


def _service(group: str, version: str, now: str) -> Object:
    first, second = priorities(group, version)
    spec: Object = {
        "version": version,
        "groupPriorityMinimum": first,
        "versionPriority": second,
    }
    if group:
        spec["group"] = group
    return {
        "metadata": {"name": f"{version}.{group}", "labels": _LABELS},
        "spec": spec,
        "status": {"conditions": [available(now)]},
    }
