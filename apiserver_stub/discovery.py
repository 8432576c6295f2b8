"""Discovery documents: which groups, versions and resources there are; see "API discovery" in Kubernetes' docs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

from apiserver_stub.schema import kinds as table
from apiserver_stub.schema.kinds import Kinds, Resource, Subresource

AGGREGATED_VERSION: Final = "v2"

JSON = dict[str, Any]

# Kinds that Kubernetes stores in another group or version than the one they are served in.
_STORED: Final = {
    ("events.k8s.io", "Event"): ("", "v1"),
    ("autoscaling", "HorizontalPodAutoscaler"): ("autoscaling", "v2"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): ("apiextensions.k8s.io", "v1beta1"),
}
# Custom resources show their verbs in this order.
_CUSTOM_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_TERMINATING_VERBS: Final = ("delete", "deletecollection", "get", "list", "watch")


def api_versions(server_address: str) -> JSON:
    """/api; `server_address` is host:port as clients on the node's network reach it."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}],
    }


class Groups(Protocol):
    """Kinds, or more than this server's own."""

    def groups(self) -> tuple[table.Group, ...]: ...


def api_groups(kinds: Groups) -> JSON:
    """/apis: all groups but the core group."""
    groups = [_group(group) for group in kinds.groups() if group.name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(kinds: Groups, name: str) -> JSON | None:
    """/apis/NAME; None when there is no such group."""
    for group in kinds.groups():
        if group.name == name and name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
    return None


def _group(group: table.Group) -> JSON:
    versions = [{"groupVersion": f"{group.name}/{version}", "version": version} for version in group.versions]
    return {"name": group.name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(kinds: Kinds, group: str, version: str) -> JSON | None:
    """/api/v1 or /apis/GROUP/VERSION with subresources; None when the version is not served."""
    found = [entry for resource in _of(kinds, group, version) for entry in _entries(resource)]
    if not found:
        return None
    # The core group's list has always come without apiVersion.
    head: JSON = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    return {**head, "groupVersion": f"{group}/{version}" if group else version, "resources": found}


def _of(kinds: Kinds, group: str, version: str) -> Iterator[Resource]:
    return (resource for resource in kinds if (resource.group, resource.version) == (group, version))


def _entries(resource: Resource) -> Iterator[JSON]:
    entry: JSON = {
        "name": resource.name,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _verbs(resource),
    }
    _add_names(entry, resource)
    if "update" in resource.verbs and not resource.terminating:
        entry["storageVersionHash"] = storage_version_hash(resource)
    yield entry
    for sub in resource.subresources.values():
        entry = {"name": f"{resource.name}/{sub.name}", "singularName": "", "namespaced": resource.namespaced}
        if not _is_parents(sub, resource):
            entry |= {"group": sub.group, "version": sub.version}
        yield {**entry, "kind": sub.kind, "verbs": sorted(sub.verbs)}


def storage_version_hash(resource: Resource) -> str:
    """Tells clients when a kind's stored form changes."""
    here = (resource.group, resource.storage_version or resource.version)
    group, version = _STORED.get((resource.group, resource.kind), here)
    digest = hashlib.sha256(f"{group}/{version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _verbs(resource: Resource) -> list[str]:
    if not resource.is_custom:
        return sorted(resource.verbs)
    return [verb for verb in _CUSTOM_VERBS if not resource.terminating or verb in _TERMINATING_VERBS]


def _kind(resource: Resource) -> JSON:
    """Built-in kinds leave out the group and the version that they stand under."""
    if resource.is_custom:
        return {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {"group": "", "version": "", "kind": resource.kind}


def _add_names(entry: JSON, resource: Resource) -> None:
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)


def _is_parents(sub: Subresource, resource: Resource) -> bool:
    return (sub.group, sub.version) == (resource.group, resource.version)


def aggregated(kinds: Kinds, path: str) -> JSON:
    """/api or /apis as one APIGroupDiscoveryList (apidiscovery.k8s.io/v2)."""
    groups = [group for group in kinds.groups() if bool(group.name) == (path == "/apis")]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{AGGREGATED_VERSION}",
        "metadata": {},
        "items": [_aggregated_group(kinds, group) for group in groups],
    }


def _aggregated_group(kinds: Kinds, group: table.Group) -> JSON:
    versions = [
        {
            "version": version,
            "resources": [_aggregated_resource(resource) for resource in _of(kinds, group.name, version)],
            "freshness": "Current",
        }
        for version in group.versions
    ]
    return {"metadata": {"name": group.name} if group.name else {}, "versions": versions}


def _aggregated_resource(resource: Resource) -> JSON:
    entry: JSON = {
        "resource": resource.name,
        "responseKind": _kind(resource),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(resource),
    }
    _add_names(entry, resource)
    if resource.subresources:
        entry["subresources"] = [_aggregated_subresource(sub, resource) for sub in resource.subresources.values()]
    return entry


def _aggregated_subresource(sub: Subresource, resource: Resource) -> JSON:
    # Group and version are left out where they are the parent's.
    leave_out = _is_parents(sub, resource) and not resource.is_custom
    group, version = ("", "") if leave_out else (sub.group, sub.version)
    return {
        "subresource": sub.name,
        "responseKind": {"group": group, "version": version, "kind": sub.kind},
        "verbs": sorted(sub.verbs),
    }
