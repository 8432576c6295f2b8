"""Conditions: those that a device waits for before Pods are bound, and metav1.Conditions as such."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.resource import lists

Object = Mapping[str, Any]

_MOST: Final = 4
_REASON_FORMAT: Final = r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON: Final = re.compile(_REASON_FORMAT, re.ASCII)
_LONGEST_REASON: Final = 1024
_LONGEST_MESSAGE: Final = 32 * 1024


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


def statuses(items: Sequence[Object], path: str) -> list[FieldError]:
    """metav1.Conditions."""
    out = []
    seen: set[str] = set()
    for i, item in enumerate(items):
        here, kind = f"{path}[{i}]", item.get("type", "")
        if kind in seen:
            out.append(field.duplicate(f"{here}.type", kind))
        seen.add(kind)
        out += _status(item, here)
    return out


def _status(item: Object, path: str) -> list[FieldError]:
    out = _label(item.get("type", ""), f"{path}.type")
    if item.get("status") not in ("False", "True", "Unknown"):
        supported = ("False", "True", "Unknown")
        out.append(field.not_supported(f"{path}.status", item.get("status", ""), supported))
    out += formats.not_negative(f"{path}.observedGeneration", item.get("observedGeneration"))
    if not item.get("lastTransitionTime"):
        out.append(field.required(f"{path}.lastTransitionTime", "must be set"))
    reason = item.get("reason", "")
    if not reason:
        out.append(field.required(f"{path}.reason", "must be set"))
    else:
        if not _REASON.fullmatch(reason):
            detail = (
                "a condition reason must start with alphabetic character, optionally followed by a string of "
                "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. "
                f"'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used "
                f"for validation is '{_REASON_FORMAT}')"
            )
            out.append(field.invalid(f"{path}.reason", reason, detail))
        if len(reason) > _LONGEST_REASON:
            out.append(field.too_long(f"{path}.reason", _LONGEST_REASON))
    if len(item.get("message", "")) > _LONGEST_MESSAGE:
        out.append(field.too_long(f"{path}.message", _LONGEST_MESSAGE))
    return out
