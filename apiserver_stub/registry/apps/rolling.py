"""Numbers or percentages that bound a rolling update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats


def deployment(parameters: Mapping[str, Any], path: str) -> list[FieldError]:
    surge, unavailable = parameters.get("maxSurge", 0), parameters.get("maxUnavailable", 0)
    out = amount(unavailable, f"{path}.maxUnavailable") + amount(surge, f"{path}.maxSurge")
    if value_of(unavailable) == 0 and value_of(surge) == 0:
        out.append(field.invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return out + at_most_all(unavailable, f"{path}.maxUnavailable")


def amount(value: int | str, path: str) -> list[FieldError]:
    """A number that isn't negative, or a percentage."""
    if isinstance(value, str):
        return formats.faults(path, value, formats.percent(value))
    return formats.not_negative(path, value)


def at_most_all(value: int | str, path: str) -> list[FieldError]:
    if isinstance(value, str) and not formats.percent(value) and int(value[:-1]) > 100:
        return [field.invalid(path, value, "must not be greater than 100%")]
    return []


def value_of(value: int | str) -> int:
    """The number before the percent sign, or the number; 0 for anything else."""
    if isinstance(value, str):
        return 0 if formats.percent(value) else int(value[:-1])
    return value
