"""PersistentVolume: what it is made of never changes, when its phase did is noted."""

from __future__ import annotations

import posixpath
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.core import volume_sources, volume_warnings
from apiserver_stub.registry.generic import now
from apiserver_stub.registry.podspec import golang, scheduling
from apiserver_stub.schema import quantity

Object = base.Object

ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES: Final = ("Block", "Filesystem")
PROTECTION: Final = "kubernetes.io/pv-protection"
_RECLAIM: Final = ("Delete", "Recycle", "Retain")
_IMMUTABLE: Final = "spec.persistentvolumesource is immutable after creation"
# Fields that have no meaning for a volume that is written into a VolumeAttachment, in upstream's order.
_NOT_INLINE: Final = ("persistentVolumeReclaimPolicy", "nodeAffinity", "storageClassName", "volumeMode")


class PersistentVolumes(base.Kind):
    returns_deleted = True

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        obj["status"]["lastPhaseTransitionTime"] = obj["metadata"].get("creationTimestamp")
        protect(obj, PROTECTION, self.view)

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_status_update(obj, old)
        status, before = obj.setdefault("status", {}), old.get("status") or {}
        given, noted = status.get("lastPhaseTransitionTime"), before.get("lastPhaseTransitionTime")
        if status.get("phase") == before.get("phase"):
            if given is None and noted is not None:
                status["lastPhaseTransitionTime"] = noted
        elif given in (None, noted):
            status["lastPhaseTransitionTime"] = now()

    def validate(self, obj: Object) -> list[FieldError]:
        return spec(obj["spec"], "spec")

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"], old["spec"]
        out = self.validate(obj) + _source(new, before)
        out += formats.unchanged("volumeMode", new.get("volumeMode"), before.get("volumeMode"))
        if before.get("nodeAffinity") is not None:
            shown = golang.struct("VolumeNodeAffinity", new.get("nodeAffinity"))
            out += formats.unchanged("nodeAffinity", new.get("nodeAffinity"), before["nodeAffinity"], shown)
        if before.get("volumeAttributesClassName") is not None and new.get("volumeAttributesClassName") is None:
            detail = "update from non-nil value to nil is forbidden"
            out.append(field.forbidden("spec.volumeAttributesClassName", detail))
        return out

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return volume_warnings.volume(obj)


def protect(obj: Object, finalizer: str, view: base.View) -> None:
    """Puts a finalizer on a new object, so that it stays while it is in use (plug-in StorageObjectInUseProtection)."""
    if "StorageObjectInUseProtection" in view.off:
        return
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def spec(obj: Object, path: str, *, inline: bool = False) -> list[FieldError]:
    """A PersistentVolumeSpec; inline: of a VolumeAttachment, where only the source counts."""
    out = _not_inline(obj, path) if inline else []
    out += access_modes(obj.get("accessModes") or [], f"{path}.accessModes", "")
    if not inline:
        out += _capacity(obj.get("capacity"), f"{path}.capacity")
        policy = obj.get("persistentVolumeReclaimPolicy")
        if policy and policy not in _RECLAIM:
            out.append(field.not_supported(f"{path}.persistentVolumeReclaimPolicy", policy, _RECLAIM))
    affinity = obj.get("nodeAffinity")
    if affinity is not None and not inline:
        out += _affinity(affinity, f"{path}.nodeAffinity")
    has_affinity = bool((affinity or {}).get("required"))
    out += volume_sources.validate(obj, path, has_affinity=has_affinity)
    root = posixpath.normpath((obj.get("hostPath") or {}).get("path") or ".") == "/"
    if root and obj.get("persistentVolumeReclaimPolicy") == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        out.append(field.forbidden(f"{path}.persistentVolumeReclaimPolicy", detail))
    return out if inline else [*out, *_classes(obj, path)]


def _not_inline(obj: Object, path: str) -> list[FieldError]:
    detail = "may not be specified in the context of inline volumes"
    out = [field.forbidden(f"{path}.claimRef", detail)] if obj.get("claimRef") is not None else []
    if obj.get("capacity"):
        out.append(field.forbidden(f"{path}.capacity", detail))
    if obj.get("csi") is None:
        out.append(field.required(f"{path}.csi", detail))
    return out + [field.forbidden(f"{path}.{name}", detail) for name in _NOT_INLINE if obj.get(name)]


def access_modes(modes: list[str], path: str, missing: str) -> list[FieldError]:
    """missing: what is said where there is none."""
    out = [] if modes else [field.required(path, missing)]
    out += [field.not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        out.append(field.forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return out


def _capacity(capacity: dict[str, str] | None, path: str) -> list[FieldError]:
    out = [] if capacity else [field.required(path)]
    if "storage" not in (capacity or {}) or len(capacity or {}) > 1:
        out.append(field.not_supported(path, capacity or None, ("storage",)))
    for name, amount in (capacity or {}).items():
        out += basic_amount(amount, f"{path}[{name}]") + positive(amount, f"{path}[{name}]")
    return out


def basic_amount(amount: str, path: str) -> list[FieldError]:
    value = quantity.parse(amount)
    if value >= 0:
        return []
    return [field.invalid(path, int(value.to_integral_value()), "must be a valid resource quantity")]


def positive(amount: str, path: str) -> list[FieldError]:
    return [] if quantity.parse(amount) > 0 else [field.invalid(path, amount, "must be greater than zero")]


def _affinity(affinity: Object, path: str) -> list[FieldError]:
    required = affinity.get("required")
    if required is None:
        return [field.required(f"{path}.required", "must specify required node constraints")]
    return scheduling.node_selector(required, f"{path}.required")


def _classes(obj: Object, path: str) -> list[FieldError]:
    name, mode, attributes = (obj.get(n) for n in ("storageClassName", "volumeMode", "volumeAttributesClassName"))
    out = formats.faults(f"{path}.storageClassName", name, formats.subdomain(name)) if name else []
    if mode is not None and mode not in VOLUME_MODES:
        out.append(field.not_supported(f"{path}.volumeMode", mode, VOLUME_MODES))
    if attributes is None:
        return out
    here = f"{path}.volumeAttributesClassName"
    if not attributes:
        out.append(field.required(here, "an empty string is disallowed"))
    else:
        out += formats.faults(here, attributes, formats.subdomain(attributes))
    if obj.get("csi") is None:
        out.append(field.required(f"{path}.csi", "has to be specified when using volumeAttributesClassName"))
    return out


def _source(new: Object, old: Object) -> list[FieldError]:
    sources, before = volume_sources.only(new), volume_sources.only(old)
    expand = "controllerExpandSecretRef"
    if sources.get("csi") and before.get("csi") and before["csi"].get(expand) is None:
        # This one may be given later, once.
        sources["csi"] = {name: value for name, value in sources["csi"].items() if name != expand}
    if sources == before:
        return []
    shown = golang.difference(*(golang.struct("PersistentVolumeSource", part) for part in (before, sources)))
    return [field.forbidden("spec.persistentvolumesource", f"{_IMMUTABLE}\n{shown}")]
