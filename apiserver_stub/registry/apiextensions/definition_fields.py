"""Paths to fields in a schema (fieldPath of a rule, jsonPath of a selectable field), in the words of the API."""

from __future__ import annotations

import re
from typing import Any, Final

Object = dict[str, Any]

_PART: Final = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]]+", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_NOWHERE: Final = "does not refer to a valid field"
_END: Final = "unexpected end of JSON path"


class BadPath(ValueError):
    """The path is malformed or leads nowhere; the text says why."""


def resolve(text: str, schema: Object, *, arrays: bool = True) -> tuple[tuple[str, ...], Object]:
    """The names on a path, and the schema at its end. Raises BadPath.

    arrays: whether ['name'] is allowed as well as .name.
    """
    parts = iter(_PART.findall(text))
    names = []
    for part in parts:
        if part == "[":
            if not arrays:
                raise BadPath("array notation is not allowed")
            name = _quoted(_next(parts))
            schema = _step(schema, name)
            closing = _next(parts)
            if closing != "]":
                raise BadPath(f"expected ] but got {closing}")
        elif part == ".":
            name = _next(parts)
            schema = _step(schema, name)
        else:
            raise BadPath(f"expected [ or . but got: {part}")
        names.append(name)
    return tuple(names), schema


def _next(parts: Any) -> str:
    part = next(parts, None)
    if part is None:
        raise BadPath(_END)
    return str(part)


def _quoted(part: str) -> str:
    if len(part) < 2 or part[0] != "'" or part[-1] != "'":
        raise BadPath(f"expected single quoted string but got {part}")
    return _ESCAPE.sub(r"\1", part[1:-1])


def _step(schema: Object, name: str) -> Object:
    properties = schema.get("properties")
    additional = schema.get("additionalProperties")
    found = properties.get(name) if properties else additional
    if not isinstance(found, dict):
        raise BadPath(_NOWHERE)
    return found
