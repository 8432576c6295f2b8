"""ControllerRevision: a state of a StatefulSet or DaemonSet that never changes."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object


class ControllerRevisions(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        out = formats.not_negative("revision", obj.get("revision", 0))
        if obj.get("data") is None:
            out.append(field.required("data", "data is mandatory"))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = formats.not_negative("revision", obj.get("revision", 0))
        return out + formats.unchanged("data", obj.get("data"), old.get("data"))
