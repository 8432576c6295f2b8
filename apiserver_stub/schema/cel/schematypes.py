"""CEL's types of CRD schemas: what a rule sees of an object, and how much of it there may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.schema.cel import types
from apiserver_stub.schema.cel.types import Type

Schema = Mapping[str, Any]
MAX_REQUEST: Final = 3 * 1024 * 1024
_IDENTIFIER: Final = re.compile(r"[a-zA-Z_./-][a-zA-Z0-9_./-]*", re.ASCII)
_KEYWORDS: Final = frozenset(
    [
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    ]
)
_MARKS: Final = {".": "__dot__", "-": "__dash__", "/": "__slash__"}


def escape(name: str) -> str | None:
    """How a property is written in CEL; None if it can't be: see "Escaping" in the Kubernetes page on CEL."""
    if not _IDENTIFIER.fullmatch(name):
        return None
    if name in _KEYWORDS:
        return f"__{name}__"
    return re.sub(r"__|[./-]", lambda found: _MARKS.get(found[0], "__underscores__"), name)


def of(schema: Schema, *, root: bool = False) -> Type | None:
    """The type of a schema; None if rules can't see it. root: of a resource, whose type and name can be seen always."""
    if schema.get("x-kubernetes-int-or-string"):
        longest = schema.get("maxLength")
        return Type("dyn", size=MAX_REQUEST - 2 if longest is None else max(longest, 0) * 4)
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object" or root:
        return _object(schema, root=root)
    if kind == "string":
        return _string(schema)
    return {"boolean": Type("bool", size=1, min_size=4), "integer": types.INT, "number": types.DOUBLE}.get(str(kind))


def _array(schema: Schema) -> Type | None:
    items = schema.get("items")
    if not isinstance(items, dict):
        return None
    item = of(items, root=bool(items.get("x-kubernetes-embedded-resource")))
    if item is None:
        return None
    size = schema.get("maxItems")
    found = types.list_of(item, (MAX_REQUEST - 2) // (item.min_size + 1) if size is None else max(size, 0))
    if schema.get("x-kubernetes-list-type") in ("set", "map"):
        found.list_type = schema["x-kubernetes-list-type"]
        found.list_keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        found.adapts = True
    return found


def _object(schema: Schema, *, root: bool) -> Type | None:
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict) and not root:
        value = of(extra, root=bool(extra.get("x-kubernetes-embedded-resource")))
        if value is None:
            return None
        size = schema.get("maxProperties")
        return types.map_of(types.STRING, value, (MAX_REQUEST - 2) // (value.min_size + 6) if size is None else size)
    properties = dict(schema.get("properties") or {})
    if root:
        properties |= _metadata(properties)
    required = set(schema.get("required") or ())
    fields, names = {}, {}
    smallest = 2
    for name, sub in properties.items():
        found = of(sub, root=bool(sub.get("x-kubernetes-embedded-resource")))
        if found is None:
            continue
        escaped = escape(name)
        if escaped is not None:
            fields[escaped] = found
            if escaped != name:
                names[escaped] = name
        if name in required and sub.get("default") is None:
            smallest += len(name) + found.min_size + 4
    return Type("object", fields=fields, names=names, size=1, min_size=smallest)


def _metadata(properties: Schema) -> dict[str, Any]:
    """What can be seen of every resource: its type, and names of its metadata."""
    text = {"type": "string"}
    own = (properties.get("metadata") or {}).get("properties") or {}
    names = {"name": own.get("name", text), "generateName": own.get("generateName", text)}
    return {"apiVersion": text, "kind": text, "metadata": {"type": "object", "properties": names}}


def _string(schema: Schema) -> Type:
    longest = schema.get("maxLength")
    form = schema.get("format")
    if form == "byte":
        return Type("bytes", size=MAX_REQUEST - 2 if longest is None else max(longest, 0), min_size=2)
    if form == "duration":
        return Type("duration", size=32, min_size=4)
    if form == "date":
        return Type("timestamp", size=12, min_size=12)
    if form == "date-time":
        return Type("timestamp", size=37, min_size=21)
    if longest is not None:
        return Type("string", size=max(longest, 0) * 4, min_size=2)
    if schema.get("enum"):
        size = max((len(v.encode()) for v in schema["enum"] if isinstance(v, str)), default=0)
        return Type("string", size=size, min_size=2)
    return Type("string", size=MAX_REQUEST - 2, min_size=2)
