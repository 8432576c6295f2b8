"""PersistentVolume and PersistentVolumeClaim: warnings about what is deprecated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apiserver_stub.registry import base
from apiserver_stub.registry.podspec import warnings
from apiserver_stub.schema import quantity

Object = base.Object

_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_RECYCLE: Final = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach "
    "is to use dynamic provisioning."
)
_SOURCES: Final = ("cephfs", "photonPersistentDisk", "scaleIO", "storageos", "glusterfs", "rbd", "flocker", "quobyte")


def volume(obj: Object) -> list[str]:
    """Warnings about a PersistentVolume."""
    annotations, spec = obj["metadata"].get("annotations") or {}, obj["spec"]
    out = []
    for key, attribute in ((_CLASS, "storageClassName"), (_MOUNT_OPTIONS, "mountOptions")):
        if key in annotations:
            out.append(f'metadata.annotations[{key}]: deprecated since v1.8; use "{attribute}" attribute instead')
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        out.append(_RECYCLE)
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    for i, term in enumerate(required.get("nodeSelectorTerms") or ()):
        out += warnings.node_term(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{i}]")
    for name in _SOURCES:
        if spec.get(name) is not None:
            out.append(f"spec.{name}: {warnings.VOLUMES[name]}")
    return [*out, *_fraction(spec.get("capacity"), "spec.capacity")]


def claim(obj: Object) -> list[str]:
    """Warnings about a PersistentVolumeClaim."""
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
