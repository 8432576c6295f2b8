"""PersistentVolume and PersistentVolumeClaim: warnings about what is deprecated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apiserver_stub.registry import base
from apiserver_stub.schema import quantity

Object = base.Object

_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_RECYCLE: Final = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach "
    "is to use dynamic provisioning."
)


class PersistentVolumes(base.Kind):
    returns_deleted = True

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        annotations = obj["metadata"].get("annotations") or {}
        out = []
        for key, attribute in ((_CLASS, "storageClassName"), (_MOUNT_OPTIONS, "mountOptions")):
            if key in annotations:
                out.append(f'metadata.annotations[{key}]: deprecated since v1.8; use "{attribute}" attribute instead')
        if obj["spec"].get("persistentVolumeReclaimPolicy") == "Recycle":
            out.append(_RECYCLE)
        return [*out, *_fraction(obj["spec"].get("capacity"), "spec.capacity")]


class PersistentVolumeClaims(base.Kind):
    returns_deleted = True

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        out = []
        if _CLASS in (obj["metadata"].get("annotations") or {}):
            detail = 'deprecated since v1.8; use "storageClassName" attribute instead'
            out.append(f"metadata.annotations[{_CLASS}]: {detail}")
        resources = obj["spec"].get("resources") or {}
        for kind in ("limits", "requests"):
            out += _fraction(resources.get(kind), f"spec.resources.{kind}")
        return out


def _fraction(amounts: dict[str, str] | None, path: str) -> Iterator[str]:
    text = (amounts or {}).get("storage")
    if text is not None and quantity.parse(text) % 1:
        yield f'{path}[storage]: fractional byte value "{text}" is invalid, must be an integer'
