"""Discovery of all groups: this server's own and those of aggregated servers, in the order that priorities give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from apiserver_stub.aggregation.remote import Remote
from apiserver_stub.registry.apiregistration import bootstrap
from apiserver_stub.schema import kinds as table

JSON = dict[str, Any]

ACCEPT: Final = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)


class Merged:
    """What discovery.api_groups and its like ask of Kinds."""

    def __init__(self, own: Iterable[table.Group], remotes: Iterable[Remote]) -> None:
        priorities = {(g.name, version): bootstrap.priorities(g.name, version) for g in own for version in g.versions}
        priorities |= {(one.group, one.version): (one.group_priority, one.version_priority) for one in remotes}
        versions: dict[str, list[str]] = {}
        for group, version in priorities:
            versions.setdefault(group, []).append(version)
        first = {group: max(priorities[group, version][0] for version in found) for group, found in versions.items()}

        def order(group: str) -> list[str]:
            return sorted(versions[group], key=lambda one: (-priorities[group, one][1], table.version_order(one)))

        self._groups = tuple(
            table.Group(name, tuple(order(name))) for name in sorted(versions, key=lambda name: (-first[name], name))
        )

    def groups(self) -> tuple[table.Group, ...]:
        return self._groups


def merge(own: JSON, groups: Iterable[table.Group], others: Mapping[tuple[str, str], JSON]) -> JSON:
    """An APIGroupDiscoveryList with the versions of aggregated servers (by group and version) in it."""
    known = {item["metadata"].get("name", ""): item for item in own["items"]}
    items = []
    for group in groups:
        item = known.get(group.name) or {"metadata": {"name": group.name} if group.name else {}, "versions": []}
        ours = {entry["version"]: entry for entry in item["versions"]}
        entries = [others.get((group.name, version)) or ours[version] for version in group.versions]
        items.append(item | {"versions": entries})
    return own | {"items": items}


def unknown(version: str) -> JSON:
    """A version of a server that never told what it has."""
    return {"version": version, "freshness": "Stale"}


def stale(entry: JSON) -> JSON:
    return entry | {"freshness": "Stale"}


def of_list(answer: JSON, group: str, version: str) -> JSON:
    """The version's entry of an APIGroupDiscoveryList. Raises LookupError."""
    for item in answer["items"]:
        if (item.get("metadata") or {}).get("name", "") == group:
            for entry in item.get("versions") or ():
                if entry["version"] == version:
                    resources = [dict(one) for one in entry.get("resources") or ()]
                    return {"version": version, "resources": resources, "freshness": "Current"}
    raise LookupError(f"{group}/{version}")


def of_resources(answer: JSON, group: str, version: str) -> JSON:
    """The same from an APIResourceList, for servers that know no other discovery. Raises LookupError."""
    found: dict[str, JSON] = {}
    for resource in sorted(answer["resources"], key=lambda one: str(one["name"]).count("/")):
        parent, slash, sub = resource["name"].partition("/")
        kind = {
            "group": resource.get("group") or group,
            "version": resource.get("version") or version,
            "kind": resource["kind"],
        }
        verbs = sorted(resource.get("verbs") or ())
        if slash:
            holder = found.setdefault(parent, {"resource": parent, "scope": _scope(resource), "verbs": []})
            entry = {"subresource": sub, "responseKind": kind, "verbs": verbs}
            holder.setdefault("subresources", []).append(entry)
            continue
        shown = {"resource": parent, "responseKind": kind, "scope": _scope(resource)}
        shown |= {"singularResource": resource.get("singularName", ""), "verbs": verbs}
        shown |= {name: resource[name] for name in ("shortNames", "categories") if resource.get(name)}
        found[parent] = shown
    return {"version": version, "resources": list(found.values()), "freshness": "Current"}


def _scope(resource: JSON) -> str:
    return "Namespaced" if resource.get("namespaced") else "Cluster"
