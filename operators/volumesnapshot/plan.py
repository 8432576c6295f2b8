"""Which snapshots are taken here, and what their contents look like (pure).

See the Kubernetes page "Volume Snapshots". The names are those of the project external-snapshotter.
"""

from __future__ import annotations

from datetime import datetime

from operators._kube import meta, nodevolumes, volumes
from operators._kube.meta import Object
from operators._kube.nodevolumes import Place

API = "snapshot.storage.k8s.io/v1"
IS_DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"
#: Keep a snapshot, and its content, until what they stand for is gone.
SNAPSHOT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
CONTENT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"


class NotYet(Exception):
    """The snapshot cannot be taken; `str()` says why. It is tried again."""


def is_ready(snapshot: Object) -> bool:
    return bool((snapshot.get("status") or {}).get("readyToUse"))


def content_name(snapshot: Object) -> str:
    bound = (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName")
    return str(bound or f"snapcontent-{meta.uid_of(snapshot)}")


def claim_name(snapshot: Object) -> str:
    """Of the claim that is to be kept; "" for a snapshot that was made elsewhere."""
    return str((snapshot["spec"].get("source") or {}).get("persistentVolumeClaimName") or "")


def class_for(snapshot: Object, classes: list[Object]) -> Object | None:
    """The class of a snapshot, the driver's default one where it names none; None for another driver's."""
    wanted = snapshot["spec"].get("volumeSnapshotClassName")
    ours = [found for found in classes if found.get("driver") == nodevolumes.NAME]
    if wanted is not None:
        return next((found for found in ours if meta.name_of(found) == wanted), None)
    return next((found for found in ours if meta.annotations_of(found).get(IS_DEFAULT) == "true"), None)


def source(snapshot: Object, claim: Object | None, volume: Object | None) -> Place | None:
    """The directory to keep; None where the claim's volume is another driver's.

    Raises NotYet.
    """
    name = claim_name(snapshot)
    if claim is None:
        raise NotYet(f'persistentvolumeclaims "{name}" not found')
    if not volumes.is_fully_bound(claim) or volume is None:
        raise NotYet(f"the PVC {name} is not yet bound to a PV, will not attempt to take a snapshot")
    return nodevolumes.volume_place(volume)


def target(snapshot: Object, of: Place) -> Place:
    """Beside the volume, so that it is on the same file system. Raises NotYet."""
    place = nodevolumes.snapshot_place(of.root, meta.uid_of(snapshot))
    if place is None:
        raise NotYet(f'the UID "{meta.uid_of(snapshot)}" of the snapshot is not one')
    return place


def content(snapshot: Object, class_: Object, volume: Object) -> Object:
    reference = meta.object_reference(snapshot)
    return {
        "apiVersion": API,
        "kind": "VolumeSnapshotContent",
        "metadata": {"name": content_name(snapshot), "finalizers": [CONTENT_BOUND]},
        "spec": {
            "deletionPolicy": class_.get("deletionPolicy") or "Delete",
            "driver": nodevolumes.NAME,
            "source": {"volumeHandle": meta.name_of(volume)},
            "sourceVolumeMode": "Filesystem",
            "volumeSnapshotClassName": meta.name_of(class_),
            "volumeSnapshotRef": reference,
        },
    }


def content_status(place: Place, size: int, taken: datetime) -> Object:
    """`size`: bytes that a volume made of it needs; `taken` is told in nanoseconds."""
    nanoseconds = int(taken.timestamp()) * 1_000_000_000
    return {"snapshotHandle": place.path, "creationTime": nanoseconds, "restoreSize": size, "readyToUse": True}


def status(snapshot: Object, size: str, taken: datetime) -> Object:
    return {
        "boundVolumeSnapshotContentName": content_name(snapshot),
        "creationTime": meta.format_time(taken),
        "readyToUse": True,
        "restoreSize": size,
    }


def failed(snapshot: Object, why: str, now: datetime) -> Object:
    """The status that says why; the present one if it says so already."""
    present: Object = snapshot.get("status") or {}
    if (present.get("error") or {}).get("message") == why:
        return present
    return {**present, "readyToUse": False, "error": {"message": why, "time": meta.format_time(now)}}


def is_ours(content: Object, snapshot: Object) -> bool:
    """Whether a content is the one that was made for a snapshot here."""
    reference = content["spec"].get("volumeSnapshotRef") or {}
    return content["spec"].get("driver") == nodevolumes.NAME and reference.get("uid") == meta.uid_of(snapshot)


def kept(content: Object) -> Place | None:
    """The directory that goes with a content; None where its policy keeps it, or it is none of ours."""
    if content["spec"].get("deletionPolicy") != "Delete" or content["spec"].get("driver") != nodevolumes.NAME:
        return None
    return nodevolumes.handle_place(str((content.get("status") or {}).get("snapshotHandle") or ""))


def without(obj: Object, finalizer: str) -> Object:
    finalizers = [name for name in obj["metadata"].get("finalizers") or () if name != finalizer]
    return {**obj, "metadata": {**obj["metadata"], "finalizers": finalizers}}


def protected(snapshot: Object) -> Object:
    finalizers = [*(snapshot["metadata"].get("finalizers") or ()), SNAPSHOT_BOUND]
    return {**snapshot, "metadata": {**snapshot["metadata"], "finalizers": finalizers}}
