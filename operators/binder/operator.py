"""Binder: give every Pod that waits for the default scheduler a node."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._kube.volumes import claim_names
from operators.binder import plan, status, volumes
from operators.binder.assumed import Assumed

controller = Controller("binder", user="system:kube-scheduler", component=plan.SCHEDULER)

# Both are rebuilt from the cluster by the first round of reconciles after a start.
_waiting: set[Key] = set()
_assumed = Assumed()


def everybody_waiting(node: Object, kube: Kube) -> Iterable[Key]:
    """A change of a node may help all that found no place."""
    return list(_waiting)


def waiting_for_room(pod: Object, kube: Kube) -> Iterable[Key]:
    """So may a change of a Pod that has a place: it may have left it."""
    return list(_waiting) if pod["spec"].get("nodeName") else ()


def waiting_for_storage(obj: Object, kube: Kube) -> Iterable[Key]:
    """A claim, a volume or a class may be what a Pod with claims waits for."""
    pods = ((key, kube.get_or_none("v1", "pods", key)) for key in _waiting)
    return [key for key, pod in pods if pod is not None and claim_names(pod)]


@controller.on_startup
async def start(kube: Kube) -> None:
    """Forget what a former run knew."""
    _waiting.clear()
    _assumed.clear()


@controller.reconcile(
    "v1",
    "pods",
    watches=[
        Watch("v1/nodes", keys=everybody_waiting),
        Watch("v1/pods", keys=waiting_for_room),
        Watch("v1/persistentvolumeclaims", keys=waiting_for_storage),
        Watch("v1/persistentvolumes", keys=waiting_for_storage),
        Watch("storage.k8s.io/v1/storageclasses", keys=waiting_for_storage),
    ],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: bind, or say why not. What is refused waits for a change of a node or of another Pod."""
    pod = kube.get_or_none("v1", "pods", key)
    if pod is None or not plan.is_ours(pod) or pod in _assumed:
        _waiting.discard(key)
        return DONE
    nodes = [node for node in kube.list("v1", "nodes") if not meta.is_deleting(node)]
    storage = _storage(key.namespace, kube) if claim_names(pod) else None
    placement = plan.place(pod, nodes, lambda node: _assumed.on_node(node, kube), storage)
    if placement.node is None:
        _waiting.add(key)
        await _refuse(pod, placement.message, kube, now)
        return DONE
    if not placement.choice.is_settled:
        _waiting.add(key)  # the watch of its claims brings it back
        await _prepare(placement.node, placement.choice, kube)
        return DONE
    _waiting.discard(key)
    await _bind(pod, placement.node, kube)
    return DONE


def _storage(namespace: str, kube: Kube) -> volumes.Storage:
    return volumes.Storage(
        kube.list("v1", "persistentvolumeclaims", namespace),
        kube.list("v1", "persistentvolumes"),
        kube.list("storage.k8s.io/v1", "storageclasses"),
    )


async def _prepare(node: str, choice: volumes.Choice, kube: Kube) -> None:
    """Have the Pod's claims bound; a 409 means that somebody else had the volume, and all is chosen anew."""
    for claim, volume in choice.reserve:
        if (wanted := volumes.reserved(volume, claim)) != volume:
            await kube.update("v1", "persistentvolumes", wanted)
    for claim in choice.provision:
        if (wanted := volumes.selected(claim, node)) != claim:
            await kube.update("v1", "persistentvolumeclaims", wanted)


async def _bind(pod: Object, node: str, kube: Kube) -> None:
    _assumed.add(pod, node)
    errors = await kube.perform([plan.binding(pod, node)])
    if errors:
        _assumed.forget(pod)
        # 404 and 409: it is gone, or bound already; the watch will tell.
        raise_first(error for error in errors if not (isinstance(error, ApiError) and error.status in (404, 409)))
        return
    message = f"Successfully assigned {meta.key_of(pod)} to {node}"
    await kube.event(pod, "Normal", "Scheduled", message)


async def _refuse(pod: Object, message: str, kube: Kube, now: datetime) -> None:
    if status.is_news(pod, message):
        await kube.event(pod, "Warning", "FailedScheduling", message)
        await kube.patch_status(pod, status.unschedulable(pod, message, now))
