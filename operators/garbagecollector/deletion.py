"""The writes of garbage collection. Each reads the object anew, so that it changes what is there now."""

from __future__ import annotations

import asyncio
from typing import Any

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.meta import Object
from operators.garbagecollector import graph, kinds, plan
from operators.garbagecollector.graph import Node


async def release(node: Node, uids: frozenset[str], kube: Kube) -> None:
    """Drops the owner references to `uids`. Raises ApiError (409: changed meanwhile, try again)."""
    obj = await _present(node, kube)
    if obj is None:
        return
    kept = [ref for ref in meta.owners_of(obj) if ref["uid"] not in uids]
    if len(kept) < len(meta.owners_of(obj)):
        await _patch(node, obj, {"ownerReferences": kept or None}, kube)


async def remove(node: Node, decision: plan.Remove, kube: Kube) -> None:
    """Deletes the object, as long as it is the one that was decided upon."""
    version = node.version
    if decision.unblock:
        obj = await _present(node, kube)
        if obj is None:
            return
        references = [{**ref, "blockOwnerDeletion": False} for ref in meta.owners_of(obj)]
        changed = await _patch(node, obj, {"ownerReferences": references}, kube)
        version = changed["metadata"]["resourceVersion"]
    await kube.delete(*node.kind, node.key, uid=node.uid, resource_version=version, propagation=decision.propagation)


async def drop_finalizer(node: Node, finalizer: str, kube: Kube) -> None:
    """Lets an object go on to its deletion."""
    obj = await _present(node, kube)
    if obj is not None and meta.has_finalizer(obj, finalizer):
        kept = [name for name in obj["metadata"]["finalizers"] if name != finalizer]
        await _patch(node, obj, {"finalizers": kept or None}, kube)


async def orphan(node: Node, dependents: list[Node], kube: Kube) -> None:
    """Takes the reference to `node` off its dependants, then its finalizer.

    What the graph has not seen yet would be collected once the owner is gone, and can't be brought back: so the
    watched kinds are listed first.
    """
    found = {dependent.uid: dependent for dependent in [*dependents, *await _listed_dependents(node, kube)]}
    await asyncio.gather(*(release(dependent, frozenset({node.uid}), kube) for dependent in found.values()))
    await drop_finalizer(node, graph.ORPHAN, kube)


async def _listed_dependents(node: Node, kube: Kube) -> list[Node]:
    possible = [served.path for served in kinds.WATCHED if served.namespaced or not node.key.namespace]
    answers = await asyncio.gather(*(kube.fetch_list(*kind, node.key.namespace or None) for kind in possible))
    return [
        graph.node_of(kind, obj)
        for kind, objects in zip(possible, answers, strict=True)
        for obj in objects
        if any(ref["uid"] == node.uid for ref in meta.owners_of(obj))
    ]


async def _present(node: Node, kube: Kube) -> Object | None:
    obj = await kube.fetch(*node.kind, node.key)
    return obj if obj is not None and meta.uid_of(obj) == node.uid else None


async def _patch(node: Node, obj: Object, change: dict[str, Any], kube: Kube) -> Object:
    metadata = {**change, "uid": node.uid, "resourceVersion": obj["metadata"]["resourceVersion"]}
    return await kube.patch(*node.kind, node.key, {"metadata": metadata})
