"""Event of the core group, whose involved object must be in the event's namespace."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

Object = base.Object

_INVOLVED: Final = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


class Events(base.Kind):
    allow_create_on_update = True

    def validate(self, obj: Object) -> list[FieldError]:
        return namespace_fault(obj, "involvedObject")

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self.validate(obj)

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        involved = obj.get("involvedObject") or {}
        source = (obj.get("source") or {}).get("component", "")
        return {f"involvedObject.{name}": involved.get(name, "") for name in _INVOLVED} | {
            "reason": obj.get("reason", ""),
            "type": obj.get("type", ""),
            "reportingComponent": obj.get("reportingComponent", ""),
            "source": source or obj.get("reportingComponent", ""),
        }


def namespace_fault(obj: Object, name: str) -> list[FieldError]:
    """Events about cluster-scoped objects live in `default`, others beside what they are about."""
    involved = obj.get(name) or {}
    namespace, own = involved.get("namespace", ""), obj["metadata"].get("namespace", "")
    if not namespace:
        # Of a namespaced kind that is known, the namespace can't be missing.
        group, _, version = involved.get("apiVersion", "").rpartition("/")
        resource = kinds.builtin().by_kind(group, version, involved.get("kind", ""))
        wrong = own not in ("", "default") or (resource is not None and resource.namespaced)
        return [_mismatch(namespace)] if wrong else []
    return [] if namespace == own else [_mismatch(namespace)]


def _mismatch(namespace: str) -> FieldError:
    return field.invalid("involvedObject.namespace", namespace, "does not match event.namespace")
