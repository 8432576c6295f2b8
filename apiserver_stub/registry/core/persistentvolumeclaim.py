"""PersistentVolumeClaim: a wish for storage; once made it may only grow."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.core import persistentvolume, volume_warnings
from apiserver_stub.registry.podspec import golang, resources
from apiserver_stub.registry.storage import storageclass
from apiserver_stub.schema import quantity

Object = base.Object

PROTECTION: Final = "kubernetes.io/pvc-protection"
_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_IMMUTABLE: Final = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_RESIZE: Final = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)


class PersistentVolumeClaims(base.Kind):
    returns_deleted = True

    def prepare_create(self, obj: Object) -> None:
        _choose_class(obj, self.view)
        super().prepare_create(obj)
        obj["status"]["phase"] = "Pending"
        persistentvolume.protect(obj, PROTECTION, self.view)
        _pair_sources(obj["spec"], None)

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        _pair_sources(obj["spec"], old["spec"])

    def validate(self, obj: Object) -> list[FieldError]:
        return spec(obj["spec"], "spec")

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self.validate(obj) + _changes(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        out = []
        for name, amount in (status.get("capacity") or {}).items():
            out += persistentvolume.basic_amount(amount, f"status.capacity[{name}]")
        path = "status.allocatedResourceStatus"
        for name, state in (status.get("allocatedResourceStatuses") or {}).items():
            out += _resource_key(name, path)
            if state not in _RESIZE:
                out.append(field.not_supported(path, name, sorted(_RESIZE)))
        path = "status.allocatedResources"
        for name, amount in (status.get("allocatedResources") or {}).items():
            out += _resource_key(name, path) + persistentvolume.basic_amount(amount, f"{path}[{name}]")
        return out

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return volume_warnings.claim(obj)


def _choose_class(obj: Object, view: base.View) -> None:
    """A claim that names no class gets the default one (admission plug-in DefaultStorageClass)."""
    named = _CLASS in (obj["metadata"].get("annotations") or {}) or obj["spec"].get("storageClassName") is not None
    if not named and "DefaultStorageClass" not in view.off:
        name = storageclass.default_class(view)
        if name is not None:
            obj["spec"]["storageClassName"] = name


def _pair_sources(claim: Object, old: Object | None) -> None:
    """dataSource and dataSourceRef say the same; the older field only knows claims and snapshots."""
    if not ((old or {}).get("dataSource") or _is_old_style(claim.get("dataSource"))):
        claim.pop("dataSource", None)
    source, reference = claim.get("dataSource"), claim.get("dataSourceRef")
    if source is not None and reference is None:
        claim["dataSourceRef"] = dict(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        claim["dataSource"] = {name: value for name, value in reference.items() if name != "namespace"}


def _is_old_style(source: Object | None) -> bool:
    kind = ((source or {}).get("apiGroup") or "", (source or {}).get("kind"))
    return kind in (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


def spec(claim: Object, path: str) -> list[FieldError]:
    """A PersistentVolumeClaimSpec, of a claim or of a template."""
    missing = "at least 1 access mode is required"
    modes = persistentvolume.access_modes(claim.get("accessModes") or [], f"{path}.accessModes", missing)
    # Upstream looks at the selector between the modes' number and their names.
    first = modes[:1] if not claim.get("accessModes") else []
    out = [*first, *selector.validate(claim.get("selector"), f"{path}.selector"), *modes[len(first) :]]
    out += _storage((claim.get("resources") or {}).get("requests") or {}, f"{path}.resources[storage]")
    name, mode = claim.get("storageClassName"), claim.get("volumeMode")
    if name:
        out += formats.faults(f"{path}.storageClassName", name, formats.subdomain(name))
    if mode is not None and mode not in persistentvolume.VOLUME_MODES:
        out.append(field.not_supported(f"{path}.volumeMode", mode, persistentvolume.VOLUME_MODES))
    out += _sources(claim, path)
    attributes = claim.get("volumeAttributesClassName")
    if attributes:
        out += formats.faults(f"{path}.volumeAttributesClassName", attributes, formats.subdomain(attributes))
    return out


def _storage(requests: dict[str, str], path: str) -> list[FieldError]:
    amount = requests.get("storage")
    if amount is None:
        return [field.required(path)]
    return persistentvolume.positive(amount, path) or resources.amount("storage", amount, path)


def _sources(claim: Object, path: str) -> list[FieldError]:
    source, reference = claim.get("dataSource"), claim.get("dataSourceRef")
    out = _reference(source, f"{path}.dataSource") if source is not None else []
    if reference is None:
        return out
    out += _reference(reference, f"{path}.dataSourceRef")
    namespace = reference.get("namespace")
    if namespace:
        out += formats.faults(f"{path}.dataSourceRef.namespace", namespace, formats.label(namespace))
        if source is not None:
            detail = "may not be specified when dataSourceRef.namespace is specified"
            out.append(field.invalid(path, f"{path}.dataSource", detail))
    elif source is not None and any(source.get(n) != reference.get(n) for n in ("apiGroup", "kind", "name")):
        out.append(field.invalid(path, f"{path}.dataSource", "must match dataSourceRef"))
    return out


def _reference(source: Object, path: str) -> list[FieldError]:
    out = [field.required(f"{path}.{name}") for name in ("name", "kind") if not source.get(name)]
    group, kind = source.get("apiGroup") or "", source.get("kind", "")
    if group:
        out += formats.faults(f"{path}.apiGroup", group, formats.subdomain(group))
    elif kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        out.append(field.invalid(path, kind, detail))
    return out


def _changes(obj: Object, old: Object) -> list[FieldError]:
    new, before = dict(obj["spec"]), dict(old["spec"])
    out = _class_annotation(obj, old)
    bound = (obj.get("status") or {}).get("phase") == "Bound"
    if not before.get("volumeName"):
        # The binder fills it in, once.
        before["volumeName"] = new.get("volumeName", "")
        new["volumeName"] = before["volumeName"]
    if _gives_class(obj, old):
        new["storageClassName"] = before.get("storageClassName")
    if bound:
        _put_back(new, before)
    shown = _shown(before), _shown(new)
    if shown[0] != shown[1]:
        out.append(field.forbidden("spec", f"{_IMMUTABLE}\n{golang.difference(*shown)}"))
    out += _shrunk(obj, old)
    out += formats.unchanged("volumeMode", obj["spec"].get("volumeMode"), old["spec"].get("volumeMode"))
    attributes = "volumeAttributesClassName"
    if old["spec"].get(attributes) is not None and obj["spec"].get(attributes) is None:
        out.append(field.forbidden(f"spec.{attributes}", "update from non-nil value to nil is forbidden"))
    return out


def _class_annotation(obj: Object, old: Object) -> list[FieldError]:
    new, before = ((part["metadata"].get("annotations") or {}).get(_CLASS, "") for part in (obj, old))
    return formats.unchanged(f"metadata.annotations[{_CLASS}]", new, before)


def _gives_class(obj: Object, old: Object) -> bool:
    """Whether a claim without a class gets one: the default class may have come later."""
    has_annotation = _CLASS in (old["metadata"].get("annotations") or {})
    missing = old["spec"].get("storageClassName") is None
    return not has_annotation and missing and obj["spec"].get("storageClassName") is not None


def _put_back(new: Object, before: Object) -> None:
    """What may change once a claim is bound: how much it asks for, and the class of attributes."""
    storage = ((before.get("resources") or {}).get("requests") or {}).get("storage")
    given = new.get("resources") or {}
    if given.get("requests") is not None and storage is not None:
        new["resources"] = {**given, "requests": {**given["requests"], "storage": storage}}
    if new.get("volumeAttributesClassName") is not None:
        new["volumeAttributesClassName"] = before.get("volumeAttributesClassName")


def _shown(claim: Object) -> object:
    """The spec as Go's internal struct."""
    given = claim.get("resources") or {}
    maps = {name: selector.sorted_map(given.get(name)) for name in ("limits", "requests")}
    return golang.struct(
        "PersistentVolumeClaimSpec", {**claim, "resources": maps, "selector": selector.shown(claim.get("selector"))}
    )


def _shrunk(obj: Object, old: Object) -> list[FieldError]:
    path = "spec.resources.requests.storage"
    new, before = (_requested(part) for part in (obj, old))
    if new is None or before is None or quantity.parse(new) >= quantity.parse(before):
        return []
    has = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    if quantity.parse(new) <= quantity.parse(has):
        return [field.forbidden(path, "field can not be less than status.capacity")]
    return []


def _requested(obj: Object) -> str | None:
    found: str | None = ((obj["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    return found


def _resource_key(name: str, path: str) -> list[FieldError]:
    """A key of what has been allocated: storage, or one of a driver's own."""
    out = formats.faults(path, name, formats.label_key(name))
    if not out and name != "storage" and ("/" not in name or "kubernetes.io/" in name):
        out.append(field.not_supported(path, name, ("storage",)))
    return out
