"""CEL's values at run time: Python's own where they fit, and classes for the rest."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from apiserver_stub.schema.cel import types

NANOS: Final = 1_000_000_000
_DURATION: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS: Final = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 10**6,
    "s": NANOS,
    "m": 60 * NANOS,
    "h": 3600 * NANOS,
}
_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))", re.ASCII
)
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class EvalError(Exception):
    """An expression that fails when it runs; the text is upstream's."""


class UInt(int):
    """An unsigned number: in CEL a type of its own."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    nanos: int

    def __str__(self) -> str:
        """In seconds, as CEL's string() writes it."""
        whole, rest = divmod(abs(self.nanos), NANOS)
        sign = "-" if self.nanos < 0 else ""
        return f"{sign}{whole}{f'.{rest:09d}'.rstrip('0') if rest else ''}s"


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """Nanoseconds since 1970 in UTC; `offset` (seconds east) is how it was written, and is written again."""

    nanos: int
    offset: int = field(default=0, compare=False)

    def moment(self) -> datetime.datetime:
        return _EPOCH + datetime.timedelta(microseconds=self.nanos // 1000)

    def __str__(self) -> str:
        rest = self.nanos % NANOS
        shown = self.moment() + datetime.timedelta(seconds=self.offset)
        text = shown.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{rest:09d}".rstrip("0") if rest else "")
        if not self.offset:
            return f"{text}Z"
        hours, minutes = divmod(abs(self.offset) // 60, 60)
        return f"{text}{'-' if self.offset < 0 else '+'}{hours:02d}:{minutes:02d}"


@dataclass(frozen=True, slots=True)
class Optional:
    """optional.of(value), or optional.none() when `present` is false."""

    value: Any = None
    present: bool = True


NONE: Final = Optional(present=False)


@dataclass(frozen=True, slots=True)
class TypeValue:
    """What type(x) gives."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of a library's own type: `kind` is the type's name, `value` what the library keeps."""

    kind: str
    value: Any


class Lazy:
    """An object whose fields are computed when they are looked at."""

    def has(self, name: str) -> bool:
        raise NotImplementedError

    def get(self, name: str) -> Any:
        """Raises EvalError."""
        raise NotImplementedError


class SetList(list[Any]):
    """A list of list-type set: equality doesn't look at the order."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list) or len(self) != len(other):
            return False
        return all(any(equal(mine, theirs) for theirs in other) for mine in self)

    __hash__ = None


class MapList(list[Any]):
    """A list of list-type map: items are told apart by their keys, equality doesn't look at the order."""

    __slots__ = ("keys",)
    keys: tuple[str, ...]

    def key(self, item: Any) -> tuple[Any, ...]:
        return tuple(item.get(name) for name in self.keys)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list) or len(self) != len(other):
            return False
        theirs = {self.key(item): item for item in other}
        return all(self.key(item) in theirs and equal(item, theirs[self.key(item)]) for item in self)

    __hash__ = None


def equal(left: Any, right: Any) -> bool:
    """CEL's ==: numbers by value, whatever their type; values of different types are not equal."""
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, list) and isinstance(right, list):
        if isinstance(left, SetList | MapList):
            return left == right
        if isinstance(right, SetList | MapList):
            return right == left
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and (not left.present or equal(left.value, right.value))
    return bool(left == right)


def parse_duration(text: str) -> Duration:
    """Go's notation: "1h30m", "-1.5s"; raises ValueError."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    total = Fraction(0)
    at = 0
    while at < len(rest):
        found = _DURATION.match(rest, at)
        if not found or not (found[1] or found[2]):
            break
        total += Fraction(f"{found[1] or 0}.{found[2] or 0}") * _UNITS[found[3]]
        at = found.end()
    if not rest or at < len(rest):
        raise ValueError(f'time: invalid duration "{text}"')
    nanos = int(total)
    if nanos >= 2**63:
        raise ValueError(f'time: invalid duration "{text}"')
    return Duration(-nanos if text.startswith("-") else nanos)


def parse_timestamp(text: str) -> Timestamp:
    """RFC 3339; raises ValueError."""
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        raise ValueError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"')
    moment = datetime.datetime(*(int(found[i]) for i in range(1, 7)), tzinfo=datetime.UTC)  # type: ignore[arg-type, misc]
    seconds = (moment - _EPOCH) // datetime.timedelta(seconds=1)
    offset = 0
    if found[9]:
        offset = (int(found[10]) * 3600 + int(found[11]) * 60) * (-1 if found[9] == "-" else 1)
    return Timestamp((seconds - offset) * NANOS + int((found[7] or "0").ljust(9, "0")[:9]), offset)


def type_name(value: Any) -> str:
    """The name of a value's type."""
    for kinds, name in _NAMES:
        if isinstance(value, kinds):
            return name
    return value.kind if isinstance(value, Opaque) else "dyn"


_NAMES: Final[tuple[tuple[Any, str], ...]] = (
    (bool, "bool"),
    (UInt, "uint"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (list, "list"),
    (dict, "map"),
    (type(None), "null_type"),
    (Timestamp, "google.protobuf.Timestamp"),
    (Duration, "google.protobuf.Duration"),
    (TypeValue, "type"),
    (Optional, "optional_type"),
)


def adapter(kind: types.Type) -> Callable[[Any], Any]:
    """What turns a JSON value into CEL's value of a schema's type; see Type.adapts."""
    if kind.kind in _SCALARS:
        convert = _SCALARS[kind.kind]
        return lambda value: convert(value) if type(value) in (str, int) else value
    if kind.kind == "list" and (kind.adapts or kind.list_type):
        return _list_adapter(kind)
    if kind.kind == "map" and kind.adapts:
        inner = adapter(kind.params[1])
        return lambda value: {k: inner(v) for k, v in value.items()} if isinstance(value, dict) else value
    if kind.kind == "object" and kind.adapts:
        parts = {kind.names.get(name, name): adapter(part) for name, part in kind.fields.items() if part.adapts}
        return lambda value: (
            {k: parts[k](v) if k in parts else v for k, v in value.items()} if isinstance(value, dict) else value
        )
    return lambda value: value


def _list_adapter(kind: types.Type) -> Callable[[Any], Any]:
    inner = adapter(kind.params[0])

    def adapt(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if kind.list_type == "set":
            return SetList(inner(item) for item in value)
        if kind.list_type == "map":
            found = MapList(inner(item) for item in value)
            found.keys = kind.list_keys
            return found
        return [inner(item) for item in value]

    return adapt


def _from_text(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        try:
            return parse(value)
        except (ValueError, TypeError):
            return value

    return convert


def _date_or_time(text: str) -> Timestamp:
    return parse_timestamp(text if len(text) > 10 else f"{text}T00:00:00Z")


def _base64(text: str) -> bytes:
    import base64

    return base64.b64decode(text, validate=True)


_SCALARS: Final[dict[str, Callable[[Any], Any]]] = {
    "timestamp": _from_text(_date_or_time),
    "duration": _from_text(parse_duration),
    "bytes": _from_text(_base64),
    "double": lambda value: float(value) if type(value) is int else value,
}
