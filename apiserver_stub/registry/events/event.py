"""Event of events.k8s.io, which must say who reports what."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.core import event

Object = base.Object


class Events(base.Kind):
    allow_create_on_update = True

    def validate(self, obj: Object) -> list[FieldError]:
        out = event.namespace_fault(obj, "regarding")
        if obj.get("eventTime") is None:
            out.append(field.required("eventTime"))
        controller = obj.get("reportingController", "")
        if not controller:
            out.append(field.required("reportingController"))
        out += formats.faults("reportingController", controller, formats.label_key(controller))
        out += [field.required(name) for name in ("reportingInstance", "action", "reason") if not obj.get(name)]
        for name, longest in (("reportingInstance", 128), ("action", 128), ("reason", 128), ("note", 1024)):
            if len((obj.get(name) or "").encode()) > longest:
                out.append(field.invalid(name, "", f"can have at most {longest} characters"))
        kind = obj.get("type", "")
        if kind not in ("Normal", "Warning"):
            out.append(field.invalid("type", "", f"has invalid value: {kind}"))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = []
        for name in ("regarding", "reason", "action", "eventTime", "reportingController", "reportingInstance", "type"):
            out += formats.unchanged(name, obj.get(name), old.get(name))
        return out

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        regarding = obj.get("regarding") or {}
        names = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        source = (obj.get("deprecatedSource") or {}).get("component", "")
        return {f"regarding.{name}": regarding.get(name, "") for name in names} | {
            "reason": obj.get("reason", ""),
            "type": obj.get("type", ""),
            "reportingController": obj.get("reportingController", ""),
            "source": source or obj.get("reportingController", ""),
        }
