"""Node lifecycle: taints follow a Node's conditions, Pods leave Nodes that they don't tolerate or that are gone.

See the Kubernetes page "Taints and Tolerations".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators.nodelifecycle import collection, eviction, plan

controller = Controller(
    "nodelifecycle", user=identity.account("node-controller"), component="node-controller", keep=eviction.kept
)


class Local:
    """registered: UIDs of the Nodes that an Event has told of. since: by UID of a Pod, when it was first seen on a Node
    that drives it away; forgotten when it may stay. missing: by name of a Node with Pods, since when it is gone."""

    def __init__(self) -> None:
        self.registered: set[str] = set()
        self.since: dict[str, datetime] = {}
        self.missing: dict[str, datetime] = {}


_local = Local()


@controller.on_startup
async def start(kube: Kube) -> None:
    _local.registered.clear()
    _local.since.clear()
    _local.missing.clear()


@controller.reconcile("v1", "nodes")
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered. Not the node's own work: a node may change neither its taints nor its role."""
    node = kube.get_or_none("v1", "nodes", key)
    if node is None or meta.is_deleting(node):
        return DONE
    if meta.uid_of(node) not in _local.registered:
        _local.registered.add(meta.uid_of(node))
        message = f"Node {key.name} event: Registered Node {key.name} in Controller"
        await kube.event(node, "Normal", "RegisteredNode", message)
    if key.name == identity.node_name():
        raise_first(await kube.perform(plan.role(node)))
    raise_first(await kube.perform(plan.ttl(node, len(kube.list("v1", "nodes")))))
    raise_first(await kube.perform(plan.tainting(kube.get_or_none("v1", "nodes", key) or node)))
    return DONE


def _on(node: Object, kube: Kube, /) -> Iterable[Key]:
    """The Pods of a Node that drives some away, or has done so."""
    if not eviction.forcing(node) and not _local.since:
        return ()
    name = meta.name_of(node)
    return [meta.key_of(pod) for pod in kube.list("v1", "pods") if pod["spec"].get("nodeName") == name]


@controller.reconcile("v1", "pods", watches=[Watch("v1/nodes", keys=_on)])
async def evict(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: deletes the Pod once its time on the Node is over."""
    pod = kube.get_or_none("v1", "pods", key)
    if pod is None:
        return DONE
    uid, name = meta.uid_of(pod), pod["spec"].get("nodeName")
    taints = eviction.forcing(kube.get_or_none("v1", "nodes", Key("", name))) if name else []
    if not taints or meta.is_deleting(pod) or eviction.has_ended(pod):
        await _cancel(pod, kube, told=bool(name) and not meta.is_deleting(pod))
        return DONE
    leaves = eviction.leaving(pod, taints, _local.since.setdefault(uid, now))
    if leaves is None:
        await _cancel(pod, kube, told=False)
        return DONE
    if leaves > now:
        return Result(requeue_after=(leaves - now).total_seconds())
    await kube.event(pod, "Normal", eviction.REASON, f"Marking for deletion Pod {key.namespace}/{key.name}")
    try:
        await kube.patch_status(pod, eviction.marked(pod, now))
    except ApiError as error:
        if not error.is_not_found:
            raise
    await kube.delete("v1", "pods", key, uid=uid, propagation=None)
    return DONE


async def _cancel(pod: Object, kube: Kube, *, told: bool) -> None:
    if _local.since.pop(meta.uid_of(pod), None) is not None and told:
        key = meta.key_of(pod)
        await kube.event(pod, "Normal", eviction.REASON, f"Cancelling deletion of Pod {key.namespace}/{key.name}")


def _of_node(node: Object, kube: Kube, /) -> Iterable[Key]:
    """All Pods of a Node that has gone, is out of service, or has come back."""
    name = meta.name_of(node)
    is_there = kube.get_or_none("v1", "nodes", Key("", name)) is not None
    if is_there and name not in _local.missing and not eviction.forcing(node):
        return ()
    return [meta.key_of(pod) for pod in kube.list("v1", "pods") if pod["spec"].get("nodeName") == name]


@controller.reconcile("v1", "pods", watches=[Watch("v1/nodes", keys=_of_node)])
async def collect(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: deletes for good what nobody else would."""
    pod = kube.get_or_none("v1", "pods", key)
    if pod is None or collection.is_let_go(pod):
        return DONE
    name = pod["spec"].get("nodeName") or ""
    node = kube.get_or_none("v1", "nodes", Key("", name)) if name else None
    if node is not None:
        _local.missing.pop(name, None)
    elif name:
        ends = _local.missing.setdefault(name, now) + collection.QUARANTINE
        if now < ends:
            return Result(requeue_after=(ends - now).total_seconds())
        if await kube.fetch("v1", "nodes", Key("", name)) is None:
            await _remove(pod, kube, now, is_orphan=True)
        return DONE
    if collection.is_stuck(pod, node):
        await _remove(pod, kube, now, is_orphan=False)
    elif eviction.has_ended(pod) and len(everything := kube.list("v1", "pods")) > collection.KEPT:
        for old in collection.surplus(everything):
            await kube.delete("v1", "pods", old, grace_seconds=0, propagation=None)
    return DONE


async def _remove(pod: Object, kube: Kube, now: datetime, *, is_orphan: bool) -> None:
    try:
        await kube.patch_status(pod, collection.failed(pod, now, is_orphan=is_orphan))
    except ApiError as error:
        if not error.is_not_found:
            raise
    await kube.delete("v1", "pods", meta.key_of(pod), uid=meta.uid_of(pod), grace_seconds=0, propagation=None)
