"""Volumes and snapshots that are directories of a node, and which directories are certainly theirs (pure).

Whoever may write such objects could name any directory: only what looks in every way as it was made counts.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operators._kube import meta, volumes

#: What StorageClasses call the provisioner, and VolumeSnapshotClasses the driver.
NAME = "microkube.io/node"
#: Below which volumes lie where their class says nothing else.
ROOT = "/var/lib/ukube/volumes"
_UID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_VOLUME, _SNAPSHOT = re.compile(f"pvc-({_UID})"), re.compile(f"snapshot-({_UID})")
# Nothing that the machine itself lives of.
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/usr")


@dataclass(frozen=True, slots=True)
class Place:
    """A directory: `name` in `root`. `is_deep`: the name is a path, of which no component may be a link."""

    root: str
    name: str
    is_deep: bool = False

    @property
    def path(self) -> str:
        return f"{self.root}/{self.name}"


def objection(root: str) -> str | None:
    """Why volumes cannot lie below a directory; None if they can."""
    # POSIX gives two slashes at the beginning a meaning of their own, so that normpath() leaves them.
    if not root.startswith("/") or root.startswith("//") or posixpath.normpath(root) != root or "\0" in root:
        return f'must be an absolute path without "." and "..", not "{root}"'
    if root == "/" or any(root == place or root.startswith(f"{place}/") for place in _SYSTEM):
        return f'must not be in a directory of the system, as "{root}" is'
    return None


def volume_name(claim_uid: str) -> str | None:
    """Of the volume for a claim; None for a UID that is not one."""
    name = f"pvc-{claim_uid}"
    return name if _VOLUME.fullmatch(name) else None


def volume_place(volume: Mapping[str, Any]) -> Place | None:
    """Where a PersistentVolume that the provisioner made lies; None for any other."""
    if meta.annotations_of(volume).get(volumes.PROVISIONED_BY) != NAME:
        return None
    place = _place(str((volume["spec"].get("local") or {}).get("path") or ""), _VOLUME)
    uid = (volume["spec"].get("claimRef") or {}).get("uid")
    if place is None or place.name != meta.name_of(volume) or place.name != f"pvc-{uid}":
        return None
    return place


def snapshot_place(root: str, uid: str) -> Place | None:
    """Where the snapshot of a VolumeSnapshot lies; None for a UID that is not one."""
    return _place(f"{root}/snapshot-{uid}", _SNAPSHOT)


def handle_place(handle: str) -> Place | None:
    """Where a snapshot of this handle lies; None for a handle that is not ours."""
    return _place(handle, _SNAPSHOT)


def _place(path: str, pattern: re.Pattern[str]) -> Place | None:
    root, _, name = path.rpartition("/")
    if objection(root or "/") is not None or not pattern.fullmatch(name):
        return None
    return Place(root, name)
