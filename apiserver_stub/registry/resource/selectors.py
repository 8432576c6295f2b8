"""Selectors of devices: expressions over one device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError

_LONGEST: Final = 10 * 1024


def validate(selector: Mapping[str, Any], path: str) -> list[FieldError]:
    """A DeviceSelector."""
    cel = selector.get("cel")
    if cel is None:
        return [field.required(f"{path}.cel")]
    expression, here = cel.get("expression", ""), f"{path}.cel.expression"
    if len(expression.encode()) > _LONGEST:
        return [field.too_long(here, _LONGEST)]
    return []
