"""HorizontalPodAutoscaler: both versions are judged as v2."""

from __future__ import annotations

from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.registry.autoscaling import convert, validation
from apiserver_stub.schema import kinds

Object = base.Object


class V2(base.Kind):
    def default(self, obj: Object) -> None:
        obj["metadata"] = convert.without_carriers(obj)
        super().default(obj)

    def validate(self, obj: Object) -> list[FieldError]:
        return validation.spec(obj["spec"], None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validation.spec(obj["spec"], old["spec"])

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validation.status(obj.get("status") or {})


class V1(base.Kind):
    def default(self, obj: Object) -> None:
        """Also what v1 shows of v2's defaults, and annotations in the form in which they come back."""
        super().default(obj)
        obj.update(convert.from_stored(convert.to_stored(obj)))

    def validate(self, obj: Object) -> list[FieldError]:
        return validation.spec(convert.to_stored(obj)["spec"], None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validation.spec(convert.to_stored(obj)["spec"], convert.to_stored(old)["spec"])

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validation.status(obj.get("status") or {})

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        # The status is partly in annotations, which a client may not set either.
        _set_carriers(obj, {}, convert.CURRENT_METRICS, convert.CONDITIONS)

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        _set_carriers(obj, old, convert.CURRENT_METRICS, convert.CONDITIONS)

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_status_update(obj, old)
        _set_carriers(obj, old, convert.METRICS, convert.BEHAVIOR)


def _set_carriers(obj: Object, old: Object, *names: str) -> None:
    """Takes these annotations from `old`."""
    before = (old.get("metadata") or {}).get("annotations") or {}
    meta = obj["metadata"]
    annotations = {name: value for name, value in (meta.get("annotations") or {}).items() if name not in names}
    annotations |= {name: before[name] for name in names if name in before}
    if annotations:
        meta["annotations"] = annotations
    else:
        meta.pop("annotations", None)


def strategy(resource: kinds.Resource, view: base.View) -> base.Kind:
    return (V1 if resource.version == "v1" else V2)(resource, view)
