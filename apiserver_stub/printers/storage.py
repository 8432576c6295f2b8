"""Cells of volumes, claims and the storage.k8s.io group."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNSET

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_CLASS = "volume.beta.kubernetes.io/storage-class"
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def volume(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, claim = cells.part(obj, "spec"), cells.part(obj, "spec", "claimRef")
    return [
        _name(obj),
        cells.text(spec, "capacity", "storage", default="0"),
        _access_modes(spec),
        spec.get("persistentVolumeReclaimPolicy") or "",
        _phase(obj),
        f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else "",
        _class_name(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        cells.text(obj, "status", "reason"),
        cells.age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def claim(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    bound = bool(spec.get("volumeName"))
    return [
        _name(obj),
        _phase(obj),
        spec.get("volumeName") or "",
        cells.text(status, "capacity", "storage", default="0") if bound else "",
        _access_modes(status) if bound else "",
        _class_name(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        cells.age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _phase(obj: JSON) -> str:
    return "Terminating" if cells.is_deleting(obj) else cells.text(obj, "status", "phase")


def _access_modes(holder: JSON) -> str:
    found = set(holder.get("accessModes") or ())
    return ",".join(short for mode, short in _MODES.items() if mode in found)


def _class_name(obj: JSON) -> str:
    annotations = cells.part(obj, "metadata").get("annotations") or {}
    return str(annotations.get(_CLASS) or cells.text(obj, "spec", "storageClassName"))


def storage_class(obj: JSON, now: dt.datetime) -> list[Any]:
    annotations = cells.part(obj, "metadata").get("annotations") or {}
    is_default = any(annotations.get(key) == "true" for key in _DEFAULT)
    return [
        f"{_name(obj)} (default)" if is_default else _name(obj),
        obj.get("provisioner") or "",
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        cells.age(obj, now),
    ]


def volume_attributes_class(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), obj.get("driverName") or "", cells.age(obj, now)]


def volume_attachment(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    return [
        _name(obj),
        spec.get("attacher") or "",
        cells.text(spec, "source", "persistentVolumeName"),
        spec.get("nodeName") or "",
        bool(cells.part(obj, "status").get("attached")),
        cells.age(obj, now),
    ]


def csi_node(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), len(cells.part(obj, "spec").get("drivers") or ()), cells.age(obj, now)]


def csi_driver(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    requests = spec.get("tokenRequests")
    audiences = UNSET if requests is None else ",".join(request.get("audience") or "" for request in requests)
    return [
        _name(obj),
        spec.get("attachRequired") is not False,
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        audiences,
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
        cells.age(obj, now),
    ]


def _name(obj: JSON) -> str:
    return cells.text(obj, "metadata", "name")
