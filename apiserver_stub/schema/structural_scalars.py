"""Value validation of CRD schemas: strings, formats and numbers, and where faults are collected."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema import goregex, structural_formats

Schema = Mapping[str, Any]
_INT64: Final = 2**63
_NO_INTEGER: Final = "value must be of type integer (default format) in"


class Result:
    """Faults of a value, and how many checks it passed: the best branch of a oneOf is told by that."""

    __slots__ = ("errors", "matches", "prefix")

    def __init__(self, prefix: str = "") -> None:
        self.errors: list[FieldError] = []
        self.matches = 0
        self.prefix = prefix

    def field(self, path: str) -> str:
        """The field an error names; what has no path of its own is `<nil>`."""
        own = path.removeprefix(".")
        if self.prefix:
            return f"{self.prefix}.{own}" if own else self.prefix
        return own or "<nil>"

    def add(self, path: str, value: Any, detail: str) -> None:
        self.errors.append(field.invalid(self.field(path), value, detail))

    def add_type(self, path: str, wanted: str, got: str) -> None:
        detail = f'{path} in body must be of type {wanted}: "{got}"'
        self.errors.append(field.type_invalid(self.field(path), got, detail))

    def add_bare(self, detail: str) -> None:
        """A fault that upstream doesn't attach to a field."""
        self.errors.append(field.invalid(self.field(""), "", detail))

    def merge(self, other: Result) -> None:
        self.errors.extend(other.errors)
        self.matches += other.matches


Check = Callable[[Any, str, Result, Any], None]


def string(schema: Schema) -> Check | None:
    low, high, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if low is None and high is None and not pattern:
        return None
    search = _search(pattern) if pattern else None

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if type(value) is not str:
            return
        if high is not None and len(value) > high:
            result.errors.append(field.too_long(result.field(path), high))
        elif low is not None and len(value) < low:
            result.add(path, value, f"{path} in body should be at least {low} chars long")
        elif search is not None and not search(value):
            result.add(path, value, f"{path} in body should match '{pattern}'")

    return check


def _search(pattern: str) -> Callable[[str], Any]:
    try:
        return goregex.compile(pattern).search
    except goregex.RegexError:
        return lambda text: None


def format_of(schema: Schema) -> Check | None:
    known = structural_formats.check(schema)
    if known is None:
        return None
    name = schema["format"]

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if type(value) is str and not known(value):
            detail = f"{path} in body must be of type {name}: {field.quote(value)}"
            result.errors.append(field.type_invalid(result.field(path), value, detail))
        result.matches += 1

    return check


def number(schema: Schema) -> Check | None:
    kind = schema.get("type")
    low, high, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if kind not in ("integer", "number") and low is None and high is None and step is None:
        return None
    below = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
    above = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
    open_low, open_high = bool(schema.get("exclusiveMinimum")), bool(schema.get("exclusiveMaximum"))
    integral = kind == "integer"
    limits = {"MultipleOf": step, "Maximum boundary": high, "Minimum boundary": low}
    odd = [name for name, limit in limits.items() if integral and limit is not None and not _fits(limit)]

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if type(value) is not int and type(value) is not float:
            return
        if integral and type(value) is float and not _fits(value):
            result.add_bare(f"Checked {_NO_INTEGER} {path}")
        for name in odd:
            result.add_bare(f"{name} {_NO_INTEGER} {path}")
        if step is not None and not _is_multiple(value, step):
            result.add(path, value, f"{path} in body should be a multiple of {show_number(step)}")
        if high is not None and (value >= high if open_high else value > high):
            result.add(path, value, f"{path} in body should be {below} {show_number(high)}")
        if low is not None and (value <= low if open_low else value < low):
            result.add(path, value, f"{path} in body should be {above} {show_number(low)}")
        result.matches += 1

    return check


def _fits(value: float) -> bool:
    """Whether a number is a 64-bit integer."""
    return float(value).is_integer() and -_INT64 <= value < _INT64


def _is_multiple(value: float, step: float) -> bool:
    if step == 0:
        return True
    if type(value) is int and _fits(step):
        return value % int(step) == 0
    quotient = 1 / step * value if step < 1 else value / step
    if not math.isfinite(quotient) or abs(quotient) > 2**53:
        return True
    nearest = round(quotient)
    return quotient == nearest or abs(quotient - nearest) < 1e-9 * max(abs(quotient), 1)


def show_number(value: float) -> str:
    """A number in Go's %v notation."""
    if type(value) is int:
        return str(value)
    if float(value).is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(float(value))
