"""Plain field paths (.spec.replicas) of definitions, looked up in objects with upstream's errors."""

from __future__ import annotations

import json
from typing import Any

from apiserver_stub.meta import goformat

Object = dict[str, Any]
Path = tuple[str, ...]


class PathError(ValueError):
    """What stands at a path is of another type; the text is upstream's."""


def split(path: str) -> Path:
    """`.spec.replicas` -> ("spec", "replicas")."""
    return tuple(path.removeprefix(".").split("."))


def find(obj: Object, path: Path) -> tuple[Any, bool]:
    """The value at a path, and whether there is one. Raises PathError."""
    value: Any = obj
    for depth, name in enumerate(path):
        if value is None:
            return None, False
        if not isinstance(value, dict):
            raise PathError(_mismatch(path[: depth + 1], value, "map[string]interface {}"))
        if name not in value:
            return None, False
        value = value[name]
    return value, True


def integer(obj: Object, path: Path) -> int | None:
    """An integer; None where there is none. Raises PathError."""
    value, found = find(obj, path)
    if not found:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise PathError(_mismatch(path, value, "int64"))
    return value


def string(obj: Object, path: Path) -> str:
    """A text; empty where there is none. Raises PathError."""
    value, found = find(obj, path)
    if not found:
        return ""
    if not isinstance(value, str):
        raise PathError(_mismatch(path, value, "string"))
    return value


def text(obj: Object, path: Path) -> str:
    """A scalar as field selectors compare it; empty where there is none."""
    try:
        value, found = find(obj, path)
    except PathError:
        return ""
    if not found or value is None or isinstance(value, (dict, list)):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def put(obj: Object, path: Path, value: Any) -> None:
    """Sets a value, making objects on the way. Raises PathError."""
    *parents, last = path
    for depth, name in enumerate(parents):
        below = obj.setdefault(name, {})
        if not isinstance(below, dict):
            place = ".".join(parents[: depth + 1])
            raise PathError(f"value cannot be set because .{place} is not a map[string]interface{{}}")
        obj = below
    obj[last] = value


def _mismatch(path: Path, value: Any, wanted: str) -> str:
    place = ".".join(path)
    return (
        f".{place} accessor error: {goformat.text(value)} is of the type {goformat.type_name(value)}, expected {wanted}"
    )
