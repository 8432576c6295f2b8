"""metav1.Condition: what every list of conditions in a status must look like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

_STATES: Final = ("False", "True", "Unknown")
_REASON: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", re.ASCII)
_REASON_FAULT: Final = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
    "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is "
    "'[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
)
_REASON_SIZE: Final = 1024
_MESSAGE_SIZE: Final = 32 * 1024


def validate(conditions: Sequence[Mapping[str, Any]], path: str) -> list[FieldError]:
    """Errors in a status' conditions; each type may be there once."""
    out = []
    seen: set[str] = set()
    for i, condition in enumerate(conditions):
        here, kind = f"{path}[{i}]", condition.get("type", "")
        if kind in seen:
            out.append(field.duplicate(f"{here}.type", kind))
        seen.add(kind)
        out += _condition(condition, here)
    return out


def _condition(condition: Mapping[str, Any], path: str) -> list[FieldError]:
    kind, state = condition.get("type", ""), condition.get("status", "")
    out = formats.faults(f"{path}.type", kind, formats.label_key(kind))
    if state not in _STATES:
        out.append(field.not_supported(f"{path}.status", state, _STATES))
    generation = condition.get("observedGeneration", 0)
    if generation < 0:
        detail = "must be greater than or equal to zero"
        out.append(field.invalid(f"{path}.observedGeneration", generation, detail))
    if not condition.get("lastTransitionTime"):
        out.append(field.required(f"{path}.lastTransitionTime", "must be set"))
    reason = condition.get("reason", "")
    if not reason:
        out.append(field.required(f"{path}.reason", "must be set"))
    else:
        if not _REASON.fullmatch(reason):
            out.append(field.invalid(f"{path}.reason", reason, _REASON_FAULT))
        if len(reason) > _REASON_SIZE:
            out.append(field.too_long(f"{path}.reason", _REASON_SIZE))
    if len(condition.get("message", "")) > _MESSAGE_SIZE:
        out.append(field.too_long(f"{path}.message", _MESSAGE_SIZE))
    return out
