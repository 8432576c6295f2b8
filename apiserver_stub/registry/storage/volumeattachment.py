"""VolumeAttachment: the wish that a volume be attached to a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.core import persistentvolume
from apiserver_stub.registry.podspec import golang
from apiserver_stub.registry.storage import drivers

Object = base.Object

_METADATA_SIZE: Final = 256 * 1024
_MESSAGE_SIZE: Final = 1024
_ONE_SOURCE: Final = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


class VolumeAttachments(base.Kind):
    allow_unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        return [*_common(obj), *_attacher(obj["spec"])]

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return [*_common(obj), *formats.unchanged("spec", obj["spec"], old["spec"], _shown(obj["spec"]))]

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return _common(obj)


def _common(obj: Object) -> list[FieldError]:
    spec = obj["spec"]
    attacher, name = spec.get("attacher", ""), spec.get("nodeName", "")
    out = [] if attacher else [field.required("spec.attacher")]
    out += _source(spec.get("source") or {})
    out += formats.faults("spec.nodeName", name, formats.subdomain(name))
    return out + _status(obj.get("status") or {})


def _attacher(spec: Object) -> list[FieldError]:
    """What version v1 added to the rules."""
    out = drivers.csi_name(spec.get("attacher", ""), "spec.attacher")
    volume = (spec.get("source") or {}).get("persistentVolumeName")
    if volume is not None:
        out += formats.faults("spec.source.persistentVolumeName", volume, formats.subdomain(volume))
    return out


def _source(source: Object) -> list[FieldError]:
    path, inline, volume = "spec.source", source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and volume is None:
        return [field.required(path, _ONE_SOURCE)]
    if inline is not None and volume is not None:
        return [field.forbidden(path, _ONE_SOURCE)]
    if inline is not None:
        return persistentvolume.spec(inline, f"{path}.inlineVolumeSpec", inline=True)
    if volume:
        return []
    return [field.required(f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName")]


def _status(status: Object) -> list[FieldError]:
    out = []
    size = sum(len(key.encode()) + len(value.encode()) for key, value in _items(status.get("attachmentMetadata")))
    if size > _METADATA_SIZE:
        out.append(field.too_long("status.attachmentMetadata", _METADATA_SIZE))
    for name in ("attachError", "detachError"):
        error = status.get(name) or {}
        if len(error.get("message", "").encode()) > _MESSAGE_SIZE:
            # Upstream tells the limit of the metadata.
            out.append(field.too_long(f"status.{name}.message", _METADATA_SIZE))
        code = error.get("errorCode")
        if code is not None and code < 0:
            out += formats.faults(f"status.{name}.errorCode", code, formats.in_range(code, 0, 2**31 - 1))
    return out


def _items(given: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return list((given or {}).items())


def _shown(spec: Object) -> dict[str, Any]:
    source = spec.get("source") or {}
    inline = source.get("inlineVolumeSpec")
    shown = None if inline is None else golang.struct("PersistentVolumeSource", inline)
    return {
        "Attacher": spec.get("attacher", ""),
        "Source": {"PersistentVolumeName": source.get("persistentVolumeName"), "InlineVolumeSpec": shown},
        "NodeName": spec.get("nodeName", ""),
    }
