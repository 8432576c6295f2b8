"""What becomes of a volume: its phase, and what happens to it when its claim is gone (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from operators._kube import meta, volumes
from operators._kube.meta import Object
from operators.persistentvolume.plan import IN_TREE, Notice

# The one place below which Kubernetes deletes what a hostPath volume holds.
_DELETABLE = re.compile(r"/tmp/.+")  # noqa: S108 - compared, not used


@dataclass(frozen=True, slots=True)
class Phase:
    """The volume comes into a phase. `notice`: told when it does."""

    phase: str
    message: str = ""
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Unbind:
    """The volume is free again: its claim went elsewhere."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The volume is reserved for a claim that wants another volumeMode."""

    on_volume: Notice
    on_claim: Notice


Decision = Phase | Unbind | Mismatch | Literal["claim", "nothing"]


def volume(volume: Object, claim: Object | None) -> Decision:
    """`claim`: the one of the name that the volume is for, whatever its UID. "claim": it is for the claim to decide."""
    reference = volume["spec"].get("claimRef")
    if not reference or not reference.get("uid"):
        return Phase("Available")
    if claim is None or meta.uid_of(claim) != reference["uid"]:
        return _released(volume)
    name = claim["spec"].get("volumeName")
    if not name:
        return _reserved(volume, claim)
    if name == meta.name_of(volume):
        return Phase("Bound")
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    if volumes.PROVISIONED_BY in meta.annotations_of(volume) and policy == "Delete":
        return _released(volume)  # it was made for this claim, and is not needed
    return Unbind()


def _reserved(volume: Object, claim: Object) -> Decision:
    if volumes.mode_of(volume) == volumes.mode_of(claim):
        return "claim"
    on_volume = (
        f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{meta.name_of(claim)}" '
        "due to incompatible volumeMode."
    )
    on_claim = (
        f'Cannot bind PersistentVolume "{meta.name_of(volume)}" to requested PersistentVolumeClaim '
        "due to incompatible volumeMode."
    )
    notices = (Notice("Warning", "VolumeMismatch", text) for text in (on_volume, on_claim))
    return Mismatch(*notices)


def _released(volume: Object) -> Decision:
    failure = _failure(volume)
    if failure is not None:
        return Phase("Failed", failure.message, failure)
    # What a provisioner failed at stays to be seen while it tries again.
    phase = (volume.get("status") or {}).get("phase")
    return "nothing" if phase in ("Released", "Failed") else Phase("Released")


def _failure(volume: Object) -> Notice | None:
    """Why a volume without its claim cannot be reclaimed; None if it can, by a provisioner or by being retained."""
    if meta.annotations_of(volume).get(volumes.MIGRATED_TO):
        return None
    match volume["spec"].get("persistentVolumeReclaimPolicy"):
        case "Retain":
            return None
        case "Delete":
            return _failed_delete(volume)
        case "Recycle":
            return Notice("Warning", "VolumeFailedRecycle", "No recycler plugin found for the volume!")
        case _:
            return Notice("Warning", "VolumeUnknownReclaimPolicy", "Volume has an unrecognized reclaim policy")


def _failed_delete(volume: Object) -> Notice | None:
    provisioner = meta.annotations_of(volume).get(volumes.PROVISIONED_BY) or ""
    if provisioner and not provisioner.startswith(IN_TREE):
        return None
    host_path = volume["spec"].get("hostPath")
    if host_path is None or provisioner:
        why = f"no volume plugin matched name: {provisioner}" if provisioner else "no deletable volume plugin matched"
        text = why if provisioner else f'error getting deleter volume plugin for volume "{meta.name_of(volume)}": {why}'
        return Notice("Warning", "VolumeFailedDelete", text)
    path = str(host_path.get("path") or "")
    if _DELETABLE.match(path):
        return None  # the provisioner of this node deletes it
    text = f"host_path deleter only supports /tmp/.+ but received provided {path}"
    return Notice("Warning", "VolumeFailedDelete", text)
