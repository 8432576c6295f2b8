"""How the owners of an object stand: from the graph where it knows them, else by asking the API server."""

from __future__ import annotations

from datetime import datetime, timedelta

from operators._kube import discovery, meta
from operators._kube.client import ApiError, Kube
from operators._kube.meta import Key
from operators._kube.paths import Kind
from operators.garbagecollector import kinds, plan
from operators.garbagecollector.graph import Graph, Node, Owner
from operators.garbagecollector.plan import Standing

_FRESH = timedelta(seconds=30)


class Catalogue:
    """Which kind an owner reference means: the watched ones are known, others come from discovery, for a while."""

    def __init__(self) -> None:
        self._known = {(served.path.api_version, served.name): served for served in kinds.WATCHED}
        self._read: dict[str, datetime] = {}

    async def find(self, api_version: str, kind: str, kube: Kube) -> kinds.Served | None:
        """None for a kind that is not served, now or any more. Raises ApiError when that can't be found out."""
        served = self._known.get((api_version, kind))
        if served is None and self._read.get(api_version, kube.clock() - _FRESH) + _FRESH <= kube.clock():
            await self._learn(api_version, kube)
            served = self._known.get((api_version, kind))
        return served

    async def _learn(self, api_version: str, kube: Kube) -> None:
        self._read[api_version] = kube.clock()
        try:
            document = await discovery.resource_list(kube, api_version)
        except ApiError as error:
            if not error.is_not_found:
                del self._read[api_version]
                raise
            return
        for entry in document.get("resources") or ():
            if "/" not in entry["name"]:
                served = kinds.Served(Kind(api_version, entry["name"]), entry["kind"], bool(entry.get("namespaced")))
                self._known[api_version, entry["kind"]] = served


async def standing(owner: Owner, node: Node, graph: Graph, catalogue: Catalogue, kube: Kube) -> Standing:
    """Of one owner of `node`. ABSENT only if it was seen to go, or if the API server says so now."""
    served = await catalogue.find(owner.api_version, owner.kind, kube)
    if served is None or (served.namespaced and not node.key.namespace):
        return Standing.UNKNOWN
    key = Key(node.key.namespace if served.namespaced else "", owner.name)
    known = graph.get(owner.uid)
    if known is not None and known.key == key and _same_kind(known, served):
        return Standing.WAITING if known.deletes_dependents else Standing.SOLID
    if known is not None and served.namespaced and known.key.namespace != key.namespace:
        await _complain(owner, node, kube)
    if graph.is_dead(owner.uid):
        return Standing.ABSENT
    found = await kube.fetch(*served.path, key)
    if found is None or meta.uid_of(found) != owner.uid:
        return Standing.ABSENT
    waiting = meta.is_deleting(found) and meta.has_finalizer(found, "foregroundDeletion")
    return Standing.WAITING if waiting else Standing.SOLID


def _same_kind(node: Node, served: kinds.Served) -> bool:
    # Versions may differ: a reference made with an older version of the API means the same object.
    same_group = meta.group_of(node.kind.api_version) == meta.group_of(served.path.api_version)
    return same_group and node.kind.resource == served.path.resource


async def _complain(owner: Owner, node: Node, kube: Kube) -> None:
    regarding = {
        "apiVersion": node.kind.api_version,
        "kind": next((s.name for s in kinds.WATCHED if s.path == node.kind), node.kind.resource),
        "metadata": {"name": node.key.name, "namespace": node.key.namespace, "uid": node.uid},
    }
    message = plan.wrong_namespace(owner, node)
    await kube.event(regarding, "Warning", "OwnerRefInvalidNamespace", message)
