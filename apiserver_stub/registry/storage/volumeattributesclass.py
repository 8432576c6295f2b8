"""VolumeAttributesClass: a driver and its parameters, settled at creation."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.registry.storage import drivers

Object = base.Object


class VolumeAttributesClasses(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        out = drivers.provisioner(obj.get("driverName", ""), "driverName")
        return out + drivers.parameters(obj.get("parameters"), "parameters", needed=True)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = [
            field.forbidden(name, f"updates to {name} are forbidden.")
            for name in ("driverName", "parameters")
            if obj.get(name) != old.get(name)
        ]
        return out + self.validate(obj)
