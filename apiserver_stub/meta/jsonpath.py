"""JSONPath in kubectl's dialect, as printer columns of custom resources use it (see "JSONPath Support" in the docs)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

# One step: from a value to the values that it leads to.
Step = Callable[[Any], Iterable[Any]]

_ENDS: Final = frozenset(" \t\r\n.[],$@{}()=!<>")
_INDEX: Final = re.compile(r"-?\d+\Z")
_SLICE: Final = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d*))?\Z")
_FILTER: Final = re.compile(r"\?\((.*)\)\Z", re.DOTALL)
_COMPARISON: Final = re.compile(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)\Z", re.DOTALL)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


class JSONPathError(ValueError):
    """The path can't be read, or does not fit the object."""


@dataclass(frozen=True, slots=True)
class JSONPath:
    """A compiled path."""

    steps: tuple[Step, ...]

    def find(self, obj: Any) -> list[Any]:
        """The values at the path; missing keys lead to none. Raises JSONPathError for an index that is not there."""
        values = [obj]
        for step in self.steps:
            values = [found for value in values for found in step(value)]
        return values


@functools.lru_cache(maxsize=512)
def compile(path: str) -> JSONPath:
    """A path such as .status.conditions[?(@.type=="Ready")].status. Raises JSONPathError."""
    return JSONPath(tuple(_steps(path)))


def _steps(path: str) -> Iterator[Step]:
    at = 0
    while at < len(path):
        char = path[at]
        if char in "$@":
            at += 1
        elif path.startswith("..", at):
            yield _descend
            at += 2
            name, at = _name(path, at)
            if name:
                yield _named(name)
        elif char == ".":
            name, at = _name(path, at + 1)
            if name:
                yield _named(name)
        elif char == "[":
            end = _closing(path, at)
            yield _bracket(path[at + 1 : end].strip())
            at = end + 1
        elif char.isspace():
            at += 1
        else:
            name, after = _name(path, at)
            if after == at:
                raise JSONPathError(f"unrecognized character in action: {char!r}")
            yield _named(name)
            at = after


def _name(path: str, at: int) -> tuple[str, int]:
    """The field name that begins at `at`, with what a backslash protects, and where it ends."""
    name = []
    while at < len(path) and path[at] not in _ENDS:
        if path[at] == "\\":
            at += 1
            if at == len(path):
                break
        name.append(path[at])
        at += 1
    return "".join(name), at


def _closing(path: str, start: int) -> int:
    """Where the bracket at `start` ends."""
    depth, quote, at = 0, "", start
    while at < len(path):
        char = path[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[]":
            depth += 1 if char == "[" else -1
            if depth == 0:
                return at
        at += 1
    raise JSONPathError("unterminated array")


def _named(name: str) -> Step:
    return _wild if name == "*" else functools.partial(_field, name)


def _bracket(text: str) -> Step:
    if text == "*":
        return _wild
    if match := _FILTER.match(text):
        return _filter(match[1].strip())
    if match := _SLICE.match(text):
        start, end, stride = (int(part) if part else None for part in match.groups())
        return functools.partial(_slice, slice(start, end, stride))
    parts = _union(text)
    if len(parts) > 1:
        steps = [_bracket(part) for part in parts]
        return lambda value: [found for step in steps for found in step(value)]
    if _INDEX.match(text):
        return functools.partial(_index, int(text))
    return _named(_unquoted(text))


def _union(text: str) -> list[str]:
    return [part.strip() for part in re.findall(r"(?:'(?:\\.|[^'])*'|\"(?:\\.|[^\"])*\"|[^,])+", text)]


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return re.sub(r"\\(.)", r"\1", text)


def _field(name: str, value: Any) -> Iterable[Any]:
    return (value[name],) if isinstance(value, dict) and name in value else ()


def _wild(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else ()


def _index(number: int, value: Any) -> Iterable[Any]:
    if not isinstance(value, list):
        raise JSONPathError(f"{value!r} is not array or slice")
    if not -len(value) <= number < len(value):
        raise JSONPathError(f"array index out of bounds: index {number}, length {len(value)}")
    return (value[number],)


def _slice(part: slice, value: Any) -> Iterable[Any]:
    if not isinstance(value, list):
        raise JSONPathError(f"{value!r} is not array or slice")
    return value[part]


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for below in _wild(value):
        if isinstance(below, (dict, list)):
            yield from _descend(below)


def _filter(text: str) -> Step:
    match = _COMPARISON.match(text)
    if match is None:
        exists = compile(text)
        return lambda value: [item for item in _list(value) if exists.find(item)]
    left, right = _operand(match[1].strip()), _operand(match[3].strip())
    return functools.partial(_selected, left, right, _COMPARE[match[2]])


def _operand(text: str) -> Callable[[Any], list[Any]]:
    if text[0] in "'\"":
        return lambda item: [_unquoted(text)]
    if text in ("true", "false"):
        return lambda item: [text == "true"]
    try:
        number = float(text)
    except ValueError:
        return compile(text).find
    return lambda item: [number]


def _selected(
    left: Callable[[Any], list[Any]],
    right: Callable[[Any], list[Any]],
    compare: Callable[[Any, Any], bool],
    value: Any,
) -> Iterator[Any]:
    for item in _list(value):
        ours, theirs = left(item), right(item)
        if not ours or not theirs:
            continue
        if len(ours) > 1 or len(theirs) > 1:
            raise JSONPathError("can only compare one element at a time")
        if isinstance(ours[0], str) != isinstance(theirs[0], str):
            raise JSONPathError("incompatible types for comparison")
        try:
            if compare(ours[0], theirs[0]):
                yield item
        except TypeError:
            raise JSONPathError("incompatible types for comparison") from None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise JSONPathError(f"{value!r} is not array or slice and cannot be filtered")
    return value
