"""Namespace: what has to be emptied, in which order, and when to look again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operators._kube import meta

FINALIZER = "kubernetes"
# Looking for Pods costs one request, looking for everything costs one for each kind.
_SLOWEST_WITH_PODS = 2.0
_SLOWEST = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """A namespaced kind whose objects can be deleted; `collection`: all of a namespace with one request."""

    api_version: str
    resource: str
    collection: bool = True

    @property
    def group_resource(self) -> str:
        """As upstream's messages name it: "deployments.apps", and "pods." in the core group."""
        return f"{self.resource}.{meta.group_of(self.api_version)}"


PODS = Target("v1", "pods")


def is_ours(namespace: Mapping[str, Any]) -> bool:
    """True while the namespace is being deleted and still has our finalizer in spec.finalizers."""
    return meta.is_deleting(namespace) and FINALIZER in (namespace.get("spec") or {}).get("finalizers", ())


def targets(resource_lists: Iterable[Mapping[str, Any]]) -> list[Target]:
    """The kinds to empty after the Pods, from discovery documents (APIResourceList of each preferred version)."""
    found = []
    for document in resource_lists:
        for entry in document.get("resources") or ():
            if not entry.get("namespaced") or "/" in entry["name"] or not {"delete", "list"} <= set(entry["verbs"]):
                continue
            target = Target(document["groupVersion"], entry["name"], "deletecollection" in entry["verbs"])
            if target != PODS:
                found.append(target)
    return found


def finalized(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The body for PUT …/finalize: the namespace without our finalizer."""
    spec = dict(namespace.get("spec") or {})
    spec["finalizers"] = [name for name in spec.get("finalizers") or () if name != FINALIZER]
    return {**namespace, "spec": spec}


def next_look(namespace: Mapping[str, Any], now: datetime, *, pods_remain: bool) -> float:
    """Seconds until the next attempt: a fifth of the time the deletion has taken so far, so that quick ones stay quick
    and a stuck one costs little."""
    age = (now - meta.parse_time(meta.metadata(namespace)["deletionTimestamp"])).total_seconds()
    return min(_SLOWEST_WITH_PODS if pods_remain else _SLOWEST, max(0.1, age / 5))
