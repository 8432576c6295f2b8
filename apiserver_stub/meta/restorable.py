"""Whether a patched object can become the kind's typed object again, in the words of Kubernetes' converter."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import goformat
from apiserver_stub.schema.openapi import Node

_SCALARS: Final[dict[str, tuple[str, tuple[type, ...]]]] = {
    "string": ("string", (str,)),
    "boolean": ("bool", (bool,)),
    "integer": ("int64", (int,)),
    "number": ("float64", (int, float)),
}


def problem(value: Any, node: Node) -> str:
    """The first type that can't be, as "cannot restore slice from string"; empty when all can.

    Null fits everywhere. Quantities, times and values without a schema are left to validation.
    """
    if value is None:
        return ""
    if node.type == "object" and node.fields:
        if not isinstance(value, dict):
            return f"cannot restore struct from: {_kind(value)}"
        pairs = ((item, node.field(key)) for key, item in value.items())
        return _first(pairs)
    if node.type == "map":
        if not isinstance(value, dict):
            return f"cannot restore map from {_kind(value)}"
        return _first((item, node.values) for item in value.values())
    if node.type == "array":
        if not isinstance(value, list):
            return f"cannot restore slice from {_kind(value)}"
        return _first((item, node.items) for item in value)
    return _scalar(value, node)


def _first(pairs: Any) -> str:
    for item, node in pairs:
        if node is not None and (found := problem(item, node)):
            return found
    return ""


def _scalar(value: Any, node: Node) -> str:
    known = _SCALARS.get(node.type)
    if known is None or node.format == "byte":
        return ""
    name, python = known
    if isinstance(value, bool) != (node.type == "boolean") or not isinstance(value, python):
        if node.type == "integer" and isinstance(value, float) and value.is_integer():
            return ""
        wanted = node.format if node.type == "integer" and node.format else name
        return f"cannot convert {goformat.type_name(value)} to {wanted}"
    return ""


def _kind(value: Any) -> str:
    """reflect.Kind of a decoded value."""
    named = goformat.type_name(value)
    return "map" if named.startswith("map[") else "slice" if named.startswith("[") else named
