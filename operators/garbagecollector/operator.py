"""Garbage collector: delete what has lost its owners; foreground deletion and orphaning.

How it sees all kinds at a low price: it watches the kinds that own or are owned in nearly every cluster, keeps a few
fields of their metadata, and reduces them to a graph of UIDs. All others, custom resources included, are listed every
half minute and put into the same graph. So the common cascades (Deployment, ReplicaSet, Pod; Job; Service,
EndpointSlice) run within milliseconds, rare ones within half a minute, and an idle cluster pays for a few watches only.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._kube.paths import Kind
from operators.garbagecollector import deletion, graph, kinds, owners, plan, sweep

controller = Controller(
    "garbagecollector",
    user=identity.account("generic-garbage-collector"),
    component="garbage-collector-controller",
    keep=graph.slim,
)

_graph = graph.Graph()
_catalogue = owners.Catalogue()
_tasks: set[asyncio.Task[None]] = set()


def observed(kind: Kind, obj: Object, kube: Kube) -> Iterable[Key]:
    """Keeps the graph like the cache; the keys of this operator are UIDs."""
    present = kube.get_or_none(*kind, meta.key_of(obj))
    if present is None or meta.uid_of(present) != meta.uid_of(obj):
        touched = _graph.remove(meta.uid_of(obj))
    else:
        touched = _graph.put(graph.node_of(kind, present))
    return _keys(touched)


@controller.reconcile(
    *kinds.WATCHED[0].path,
    watches=[Watch(str(served.path), keys=functools.partial(observed, served.path)) for served in kinds.WATCHED],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: looks at one object, by UID, and at its owners."""
    node = _graph.get(key.name)
    if node is None:
        return DONE
    dependents = _graph.dependents(node.uid)
    if node.orphans_dependents:
        await deletion.orphan(node, dependents, kube)
    elif node.deletes_dependents:
        if not plan.blocking(node, dependents):
            await deletion.drop_finalizer(node, graph.FOREGROUND, kube)
    elif node.owners and not node.deleting:
        await _collect(node, dependents, kube)
    return DONE


async def _collect(node: graph.Node, dependents: list[graph.Node], kube: Kube) -> None:
    standing = {owner.uid: await owners.standing(owner, node, _graph, _catalogue, kube) for owner in node.owners}
    match plan.decide(node, standing, dependents):
        case plan.Release(uids):
            await deletion.release(node, uids, kube)
        case plan.Remove() as decision:
            await deletion.remove(node, decision, kube)


@controller.on_startup
async def start(kube: Kube) -> None:
    _graph.clear()
    _tasks.add(asyncio.create_task(_sweep(kube), name="garbagecollector sweep"))


@controller.on_cleanup
async def stop(kube: Kube) -> None:
    for task in _tasks:
        task.cancel()
    raise_first(
        error
        for error in await asyncio.gather(*_tasks, return_exceptions=True)
        if not isinstance(error, asyncio.CancelledError | None)
    )
    _tasks.clear()


async def _sweep(kube: Kube) -> None:
    while True:
        await asyncio.sleep(sweep.PERIOD)
        try:
            for key in _keys(await sweep.look(_graph, kube)):
                controller.enqueue(key)
        except ApiError as error:
            kube.log.debug("could not look through all kinds: %s", error)


def _keys(uids: Iterable[str]) -> list[Key]:
    return [Key("", uid) for uid in uids]
