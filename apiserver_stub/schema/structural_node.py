"""CRD schemas as openapi Nodes, so that patches, server-side apply and decoding treat custom resources as built-ins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.schema import openapi

_META: Final = "#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_SCALARS: Final = {"string": "string", "boolean": "boolean", "integer": "int64", "number": "double"}


def node(schema: Mapping[str, Any] | None) -> openapi.Node:
    """The node of a custom resource; without a schema only its type and metadata are known."""
    return openapi.Node(openapi.definitions(), compact(schema or {}, root=True))


def compact(schema: Mapping[str, Any], *, root: bool = False) -> Any:
    """A schema in the words of schema/openapi; "d" is the default, which keys of lists may have."""
    base = _base(schema, root=root)
    extra: dict[str, Any] = {}
    for word, name in (("lt", "list-type"), ("lk", "list-map-keys"), ("mt", "map-type")):
        if schema.get(f"x-kubernetes-{name}"):
            extra[word] = schema[f"x-kubernetes-{name}"]
    if schema.get("default") is not None:
        extra["d"] = schema["default"]
    if not extra:
        return base
    return {**(base if isinstance(base, dict) else {"t": base}), **extra}


def _base(schema: Mapping[str, Any], *, root: bool) -> Any:
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    kind = schema.get("type")
    if root or kind == "object" or schema.get("properties"):
        return _object(schema, root=root)
    if kind == "array":
        return {"t": "array", "i": compact(schema["items"]) if isinstance(schema.get("items"), dict) else "any"}
    return _SCALARS.get(str(kind), "any")


def _object(schema: Mapping[str, Any], *, root: bool) -> Any:
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    embedded = root or bool(schema.get("x-kubernetes-embedded-resource"))
    if not properties and not embedded:
        if isinstance(extra, dict):
            return {"t": "map", "v": compact(extra)}
        if extra or schema.get("x-kubernetes-preserve-unknown-fields"):
            return {"t": "map", "v": "any"}
    fields = {name: compact(sub) for name, sub in properties.items()}
    if embedded:
        fields |= {"apiVersion": "string", "kind": "string", "metadata": _META}
    out: dict[str, Any] = {"t": "object", "f": fields}
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        # Besides its fields it holds anything.
        out["v"] = "any"
    if schema.get("required"):
        out["r"] = list(schema["required"])
    return out
