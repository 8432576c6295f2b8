"""PodTemplate: a template on its own."""

from __future__ import annotations

from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.registry.podspec import validation, warnings

Object = base.Object


class PodTemplates(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        return validation.template(obj.get("template") or {}, "template")

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.template(obj.get("template") or {}, "template")
