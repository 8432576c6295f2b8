"""VolumeSnapshot: keep the state of a volume of this node; a snapshot on btrfs, a copy elsewhere."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime

from operators._kube import meta, nodevolumes, volumes
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.errors import ApiError
from operators._kube.meta import Object
from operators._node import directories
from operators.volumesnapshot import SLEEP, plan

controller = Controller("volumesnapshot", user=SLEEP.user, component="snapshot-controller")

_SNAPSHOTS, _CONTENTS = "volumesnapshots", "volumesnapshotcontents"
# Seconds before a snapshot that cannot be taken is looked at again.
_AGAIN = 15.0
_DELAYS = (0.1, 0.2, 0.5, 1.0, 5.0)
_MODE = 0o700


@controller.on_startup
async def start(kube: Kube) -> None:
    """Wait until the kinds are served: what is not there when the watches begin is never looked for again."""
    for delay in itertools.chain(_DELAYS, itertools.repeat(_AGAIN)):
        try:
            await kube.fetch_list(plan.API, _SNAPSHOTS)
            return
        except ApiError as error:
            if not error.is_not_found:
                raise
        await asyncio.sleep(delay)


@controller.reconcile(plan.API, _SNAPSHOTS, concurrency=2)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: take the snapshot and say so; remove what it kept when it goes."""
    snapshot = kube.get_or_none(plan.API, _SNAPSHOTS, key)
    if snapshot is None:
        return DONE
    if meta.is_deleting(snapshot):
        await _remove(snapshot, kube)
        return DONE
    if plan.is_ready(snapshot) or not plan.claim_name(snapshot):
        return DONE
    try:
        await _take(snapshot, kube, now)
    except (plan.NotYet, OSError) as error:
        await _say(snapshot, f"Failed to create snapshot: {error}", kube, now)
        return Result(requeue_after=_AGAIN)
    return DONE


async def _take(snapshot: Object, kube: Kube, now: datetime) -> None:
    class_ = plan.class_for(snapshot, await kube.fetch_list(plan.API, "volumesnapshotclasses"))
    if class_ is None:
        return  # another driver's
    claim, volume = await _source(snapshot, kube)
    origin = plan.source(snapshot, claim, volume)
    if origin is None or claim is None or volume is None:
        return
    place = plan.target(snapshot, origin)
    if not meta.has_finalizer(snapshot, plan.SNAPSHOT_BOUND):
        snapshot = await kube.update(plan.API, _SNAPSHOTS, plan.protected(snapshot))
    await asyncio.to_thread(directories.create, place.root, place.name, _MODE, None, origin.path)
    await _record(snapshot, plan.content(snapshot, class_, volume), place, int(volumes.capacity(volume)), kube, now)
    size = str((claim.get("status") or {}).get("capacity", {}).get("storage") or volume["spec"]["capacity"]["storage"])
    done = {**snapshot, "status": plan.status(snapshot, size, now)}
    await kube.update(plan.API, _SNAPSHOTS, done, subresource="status")
    where = meta.key_of(snapshot)
    await kube.event(
        snapshot, "Normal", "SnapshotCreated", f"Snapshot {where} was successfully created by the CSI driver."
    )
    await kube.event(snapshot, "Normal", "SnapshotReady", f"Snapshot {where} is ready to use.")


async def _source(snapshot: Object, kube: Kube) -> tuple[Object | None, Object | None]:
    name = plan.claim_name(snapshot)
    claim = await kube.fetch("v1", "persistentvolumeclaims", Key(meta.namespace_of(snapshot), name))
    bound = claim["spec"].get("volumeName") if claim is not None else None
    return claim, await kube.fetch("v1", "persistentvolumes", Key("", bound)) if bound else None


async def _record(
    snapshot: Object, content: Object, place: nodevolumes.Place, size: int, kube: Kube, now: datetime
) -> None:
    """The content, made once, with where the snapshot is."""
    try:
        made = await kube.create(plan.API, _CONTENTS, content)
    except ApiError as error:
        found = await kube.fetch(plan.API, _CONTENTS, meta.key_of(content)) if error.is_already_exists else None
        if found is None or not plan.is_ours(found, snapshot):
            raise
        made = found
    if not (made.get("status") or {}).get("snapshotHandle"):
        full = {**made, "status": plan.content_status(place, size, now)}
        await kube.update(plan.API, _CONTENTS, full, subresource="status")


async def _remove(snapshot: Object, kube: Kube) -> None:
    if not meta.has_finalizer(snapshot, plan.SNAPSHOT_BOUND):
        return
    key = Key("", plan.content_name(snapshot))
    content = await kube.fetch(plan.API, _CONTENTS, key)
    if content is not None and not plan.is_ours(content, snapshot):
        return  # another driver's controller has it
    if content is not None and (place := plan.kept(content)) is not None:
        await asyncio.to_thread(directories.remove, place.root, place.name)
        await kube.delete(plan.API, _CONTENTS, key, uid=meta.uid_of(content))
        content = await kube.fetch(plan.API, _CONTENTS, key)
    if content is not None and meta.has_finalizer(content, plan.CONTENT_BOUND):
        await kube.update(plan.API, _CONTENTS, plan.without(content, plan.CONTENT_BOUND))
    await kube.update(plan.API, _SNAPSHOTS, plan.without(snapshot, plan.SNAPSHOT_BOUND))


async def _say(snapshot: Object, why: str, kube: Kube, now: datetime) -> None:
    current = kube.get_or_none(plan.API, _SNAPSHOTS, meta.key_of(snapshot)) or snapshot
    status = plan.failed(current, why, now)
    if status != (current.get("status") or {}):
        await kube.event(current, "Warning", "SnapshotCreationFailed", why)
        await kube.update(plan.API, _SNAPSHOTS, {**current, "status": status}, subresource="status")
