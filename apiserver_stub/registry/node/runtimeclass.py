"""RuntimeClass: a handler of the container runtime, what it costs, and where it is."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.podspec import resources, scheduling

Object = base.Object


class RuntimeClasses(base.Kind):
    allow_unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        handler = obj.get("handler", "")
        out = formats.faults("handler", handler, formats.label(handler)) if handler else [field.required("handler")]
        if obj.get("overhead") is not None:
            out += resources.validate({"limits": obj["overhead"].get("podFixed")}, "overhead")
        if obj.get("scheduling") is not None:
            out += _scheduling(obj["scheduling"])
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self.validate(obj) + formats.unchanged("handler", obj.get("handler"), old.get("handler"))


def _scheduling(rules: Object) -> list[FieldError]:
    out = formats.any_label("scheduling.nodeSelector", rules.get("nodeSelector"))
    given = rules.get("tolerations") or []
    out += scheduling.tolerations(given, "scheduling.tolerations")
    for i, toleration in enumerate(given):
        if toleration in given[:i]:
            out.append(field.duplicate(f"scheduling.tolerations[{i}]", toleration))
    return out
