"""The status of FlowSchemas and PriorityLevelConfigurations."""

from __future__ import annotations

from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError

Object = dict[str, Any]


def validate(obj: Object) -> list[FieldError]:
    """Conditions have a type, each another one."""
    out = []
    seen: set[str] = set()
    for i, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind = f"status.conditions[{i}].type", condition.get("type", "")
        if kind in seen:
            out.append(field.duplicate(path, kind))
        seen.add(kind)
        if not kind:
            out.append(field.required(path, "must not be empty"))
    return out
