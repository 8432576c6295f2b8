"""PriorityClass: a name for a priority."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object

SYSTEM: Final = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
_PREFIX: Final = "system-"
_HIGHEST: Final = 1_000_000_000
_POLICIES: Final = ("PreemptLowerPriority", "Never")


class PriorityClasses(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
        out = []
        if name.startswith(_PREFIX):
            fault = _system_fault(name, value, default=bool(obj.get("globalDefault")))
            if fault:
                detail = (
                    f"priority class names with '{_PREFIX}' prefix are reserved for system use only. error: {fault}"
                )
                out.append(field.forbidden("metadata.name", detail))
        elif value > _HIGHEST:
            out.append(field.forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}"))
        policy = obj.get("preemptionPolicy")
        if policy is not None:
            out += formats.one_of("preemptionPolicy", policy, _POLICIES)
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = []
        if obj.get("value", 0) != old.get("value", 0):
            out.append(field.forbidden("value", "may not be changed in an update."))
        return out + formats.unchanged("preemptionPolicy", obj.get("preemptionPolicy"), old.get("preemptionPolicy"))


def _system_fault(name: str, value: int, *, default: bool) -> str:
    if name not in SYSTEM:
        return f"{name} is not a known system priority class"
    if value != SYSTEM[name]:
        return f"value of {name} PriorityClass must be {SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if default else ""


def default_class(view: base.View) -> Object | None:
    """The class of Pods that name none: the lowest of those marked as default."""
    marked = [obj for obj in view.list("scheduling.k8s.io", "priorityclasses") if obj.get("globalDefault")]
    return min(marked, key=lambda obj: obj.get("value", 0), default=None)
