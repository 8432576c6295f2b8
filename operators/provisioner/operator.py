"""Provisioner: volumes of this node, as directories (subvolumes with a quota where the file system is btrfs)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta, nodevolumes, volumes
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, RetryAfter, Terminal
from operators._kube.meta import Object
from operators._node import directories
from operators.provisioner import SLEEP, defaultclass, growth, plan
from operators.provisioner.parameters import Unusable, Waiting

controller = Controller("provisioner", user=SLEEP.user, component=plan.NAME)

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
# Seconds before a claim whose source is not there yet is looked at again.
_AGAIN = 5.0
_SNAPSHOT_API = "snapshot.storage.k8s.io/v1"
_CLASSES = ("storage.k8s.io/v1", "storageclasses")


def waiting(storage_class: Object, kube: Kube) -> Iterable[Key]:
    """The claims that news of a class may concern."""
    return [meta.key_of(claim) for claim in kube.list("v1", _CLAIMS) if not claim["spec"].get("volumeName")]


@controller.on_startup
async def start(kube: Kube) -> None:
    """What a former run left half done goes; a new cluster gets its class."""
    await defaultclass.run(kube.api)
    names = {meta.name_of(volume) for volume in await kube.fetch_list("v1", _VOLUMES)}
    names |= {f"pvc-{meta.uid_of(claim)}" for claim in await kube.fetch_list("v1", _CLAIMS)}
    await asyncio.to_thread(directories.tidy, nodevolumes.ROOT, names)


@controller.reconcile("v1", _CLAIMS, watches=[Watch("storage.k8s.io/v1/storageclasses", keys=waiting)], concurrency=4)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: make the claim's volume when it is this node's turn, or let it grow."""
    claim = kube.get_or_none("v1", _CLAIMS, key)
    if claim is None:
        return DONE
    class_ = kube.get_or_none(*_CLASSES, Key("", volumes.class_of(claim)))
    if class_ is not None and plan.is_wanted(claim, class_, identity.node_name()):
        await _provision(claim, class_, kube)
    elif growth.is_wanted(claim):
        await _grow(claim, kube)
    return DONE


@controller.reconcile("v1", _VOLUMES, concurrency=4)
async def reconcile_volume(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: remove what nobody needs any more, then the volume."""
    volume = kube.get_or_none("v1", _VOLUMES, key)
    if volume is None:
        return DONE
    place = nodevolumes.volume_place(volume)
    if place is not None and plan.is_elsewhere(volume, await _host_name(kube)):
        return DONE
    if place is not None and (wanted := plan.finalizers(volume)) is not None:
        volume = await _set_finalizers(volume, wanted, kube)
    place = place or plan.host_path(volume)
    if place is not None and plan.is_to_remove(volume):
        await _remove(volume, place, kube)
    return DONE


async def _provision(claim: Object, class_: Object, kube: Kube) -> None:
    text = f'External provisioner is provisioning volume for claim "{meta.key_of(claim)}"'
    await kube.event(claim, "Normal", "Provisioning", text)
    try:
        order = plan.order(claim, class_)
        source = await _source(claim, order, kube)
        is_limited = await asyncio.to_thread(
            directories.create, order.parameters.root, order.name, order.parameters.mode, order.size, source
        )
    except Waiting as error:
        await kube.event(claim, "Warning", "ProvisioningFailed", _failure(class_, error))
        raise RetryAfter(_AGAIN) from error
    except Unusable as error:
        raise Terminal("ProvisioningFailed", _failure(class_, error)) from error
    except OSError as error:
        await kube.event(claim, "Warning", "ProvisioningFailed", _failure(class_, error))
        raise
    try:
        await kube.create("v1", _VOLUMES, plan.volume(claim, class_, order, await _host_name(kube)))
    except ApiError as error:
        if not error.is_already_exists:
            raise
    await kube.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {order.name}")
    if not is_limited:
        where = f"The file system at {order.parameters.root} has no quotas for directories"
        await kube.event(claim, "Normal", "CapacityNotEnforced", f"{where}: the volume may hold more than it asks for")


async def _source(claim: Object, order: plan.Order, kube: Kube) -> str | None:
    if order.source is None:
        return None
    if plan.is_from_snapshot(claim):
        snapshot = await kube.fetch(_SNAPSHOT_API, "volumesnapshots", order.source)
        bound = ((snapshot or {}).get("status") or {}).get("boundVolumeSnapshotContentName")
        content = await kube.fetch(_SNAPSHOT_API, "volumesnapshotcontents", Key("", bound)) if bound else None
        return plan.snapshot_path(claim, snapshot, content, order.source)
    source = kube.get_or_none("v1", _CLAIMS, order.source)
    name = source["spec"].get("volumeName") if source is not None else None
    volume = kube.get_or_none("v1", _VOLUMES, Key("", name)) if name else None
    return plan.source_path(claim, source, volume, order.source)


async def _grow(claim: Object, kube: Kube) -> None:
    volume = kube.get_or_none("v1", _VOLUMES, Key("", claim["spec"]["volumeName"]))
    place = nodevolumes.volume_place(volume) if volume is not None else None
    if volume is None or place is None or plan.is_elsewhere(volume, await _host_name(kube)):
        return  # another provisioner's
    name = meta.name_of(volume)
    await kube.event(claim, "Normal", "Resizing", f"External resizer is resizing volume {name}")
    try:
        await asyncio.to_thread(directories.grow, place.root, place.name, int(volumes.requested(claim)))
    except OSError as error:
        text = f'resize volume "{name}" by resizer "{plan.NAME}" failed: {error}'
        await kube.event(claim, "Warning", "VolumeResizeFailed", text)
        raise
    grown = growth.grown(volume, claim)
    if grown != volume:
        await kube.update("v1", _VOLUMES, grown)
    await kube.update("v1", _CLAIMS, {**claim, "status": growth.finished(claim)}, subresource="status")
    await kube.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")


async def _remove(volume: Object, place: nodevolumes.Place, kube: Kube) -> None:
    remove = directories.remove_below if place.is_deep else directories.remove
    try:
        await asyncio.to_thread(remove, place.root, place.name)
    except OSError as error:
        await kube.event(volume, "Warning", "VolumeFailedDelete", str(error))
        raise
    await kube.delete("v1", _VOLUMES, meta.key_of(volume), uid=meta.uid_of(volume))
    left = await kube.fetch("v1", _VOLUMES, meta.key_of(volume))
    if left is not None and meta.uid_of(left) == meta.uid_of(volume) and meta.has_finalizer(left, plan.FINALIZER):
        await _set_finalizers(left, plan.without(left), kube)


async def _set_finalizers(volume: Object, wanted: list[str], kube: Kube) -> Object:
    return await kube.update("v1", _VOLUMES, {**volume, "metadata": {**volume["metadata"], "finalizers": wanted}})


async def _host_name(kube: Kube) -> str:
    """The label that volumes of this node are bound to it by."""
    node = await kube.fetch("v1", "nodes", Key("", identity.node_name()))
    return volumes.host_name(node) if node is not None else identity.node_name()


def _failure(class_: Object, error: Exception) -> str:
    return f'failed to provision volume with StorageClass "{meta.name_of(class_)}": {error}'
