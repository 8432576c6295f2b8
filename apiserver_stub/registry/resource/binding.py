"""The conditions that a device waits for before Pods are bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.resource import lists

Object = Mapping[str, Any]

_MOST: Final = 4


def _label(name: str, path: str) -> list[FieldError]:
    return formats.faults(path, name, formats.label_key(name))


def conditions(value: Object, path: str) -> list[FieldError]:
    """bindingConditions and bindingFailureConditions: only both together, without repetitions."""
    good, bad = value.get("bindingConditions") or [], value.get("bindingFailureConditions") or []
    here, there = f"{path}.bindingConditions", f"{path}.bindingFailureConditions"
    out = lists.each(good, _MOST, here, _label) + lists.each(bad, _MOST, there, _label)
    for i, name in enumerate(good):
        if name in good[:i]:
            out.append(field.duplicate(f"{here}[{i}]", name))
    for i, name in enumerate(bad):
        if name in bad[:i]:
            out.append(field.duplicate(f"{there}[{i}]", name))
        if name in good:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            out.append(field.invalid(f"{there}[{i}]", name, detail))
    if bad and not good:
        out.append(field.invalid(here, None, "bindingConditions are required to use bindingFailureConditions"))
    if good and not bad:
        out.append(field.invalid(there, None, "bindingFailureConditions are required to use bindingConditions"))
    return out
