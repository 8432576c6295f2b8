"""The fieldPath of a CEL rule: ".spec['a.b'].c" as the path that errors name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_PART: Final = re.compile(r"\.([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]", re.DOTALL)
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


class FieldPathError(ValueError):
    """Not a path into the schema; the text is upstream's."""


def normalize(path: str, schema: Mapping[str, Any]) -> str:
    """The path within the object, without a leading dot; raises FieldPathError."""
    out = ""
    at = 0
    while at < len(path):
        found = _PART.match(path, at)
        if not found:
            raise FieldPathError(_fault(path, at))
        name = found[1] if found[1] is not None else _unescaped(found[2])
        properties, extra = schema.get("properties"), schema.get("additionalProperties")
        if properties:
            if name not in properties:
                raise FieldPathError("does not refer to a valid field")
            schema = properties[name]
            out = f"{out}.{name}" if out else name
        elif isinstance(extra, dict):
            schema = extra
            out = f"{out}[{name}]"
        else:
            raise FieldPathError("does not refer to a valid field")
        at = found.end()
    return out


def _fault(path: str, at: int) -> str:
    if path[at] == "[":
        inner = re.compile(r"[^.\[\]]*").match(path, at + 1)
        token = inner[0] if inner and inner[0] else path[at + 1 : at + 2]
        return f"expected single quoted string but got {token}" if token else "unexpected end of JSON path"
    if path[at] == ".":
        return "unexpected end of JSON path" if at + 1 == len(path) else "does not refer to a valid field"
    word = re.compile(r"[^.\[\]]+|.").match(path, at)
    return f"expected [ or . but got: {word[0] if word else ''}"


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise FieldPathError(f"invalid string literal: invalid escape char {found[0]}")
        return _ESCAPES[found[1]]

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)
