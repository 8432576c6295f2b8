"""Binder: give every Pod that waits for the default scheduler a node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from operators._kube import meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._kube.volumes import claim_names
from operators.binder import observing, plan, preempting, status, volumes
from operators.binder.assumed import Assumed
from operators.binder.line import Line

controller = Controller("binder", user="system:kube-scheduler", component=plan.SCHEDULER)

# Both are rebuilt from the cluster by the first round of reconciles after a start.
_line = Line()
_assumed = Assumed()


def everybody_waiting(node: Object, kube: Kube) -> Iterable[Key]:
    """A change of a node may help all that found no place."""
    return _line.wake()


def waiting_for_room(pod: Object, kube: Kube) -> Iterable[Key]:
    """So may a change of a Pod that has a place: it may have left it. One without takes its place in the line."""
    if pod["spec"].get("nodeName"):
        return _line.wake()
    if plan.is_ours(pod):
        _line.join(meta.key_of(pod))
    return ()


def waiting_for_storage(obj: Object, kube: Kube) -> Iterable[Key]:
    """A claim, a volume or a class may be what a Pod with claims waits for."""
    pods = ((key, kube.get_or_none("v1", "pods", key)) for key in _line.refused)
    return _line.wake([key for key, pod in pods if pod is not None and claim_names(pod)])


@controller.on_startup
async def start(kube: Kube) -> None:
    """Forget what a former run knew."""
    _line.clear()
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
    """Level-triggered: bind, or say why not; those of higher priority that wait first.

    What is refused waits for a change of a node or of another Pod.
    """
    _line.join(key)
    for other in _line.before(key, kube):
        if _line.take(other):
            try:
                await _try(other, kube, now)
            except ApiError:
                controller.enqueue(other)  # it fails again on its own account, and backs off
    if _line.take(key):
        await _try(key, kube, now)
    return DONE


async def _try(key: Key, kube: Kube, now: datetime) -> None:
    found = kube.get_or_none("v1", "pods", key)
    if found is None or not plan.is_ours(found) or found in _assumed:
        _line.leave(key)
        return
    spaces, refusal = await observing.namespaces(found, kube), await observing.missing_devices(found, kube)
    pod = kube.get_or_none("v1", "pods", key) or found
    cluster = observing.cluster(pod, kube, _assumed, spaces, refusal)
    placement = plan.place(pod, cluster)
    if placement.victims:
        budgets = await observing.budgets(kube)
        cluster = replace(observing.cluster(pod, kube, _assumed, spaces, refusal), budgets=budgets)
        placement = plan.place(pod, cluster)
    if placement.node is None:
        _line.refuse(key)
        await _refuse(pod, placement, kube, now)
        await preempting.make_room(pod, placement, cluster, kube, now)
    elif not placement.choice.is_settled:
        _line.refuse(key)  # the watch of its claims brings it back
        await _prepare(placement.node, placement.choice, kube)
    else:
        _line.leave(key)
        await _bind(pod, placement.node, kube)


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


async def _refuse(pod: Object, placement: plan.Placement, kube: Kube, now: datetime) -> None:
    if status.is_news(pod, placement.message):
        await kube.event(pod, "Warning", "FailedScheduling", placement.message)
    await kube.patch_status(pod, status.unschedulable(pod, placement.message, now, placement.nominated))
