"""OpenAPI schemas of custom resources: what their definitions declare, with what every object has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from apiserver_stub.schema.kinds import Resource

JSON = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_CONVENTIONS: Final = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
_API_VERSION: Final = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    f"{_CONVENTIONS}#resources"
)
_KIND: Final = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    f"{_CONVENTIONS}#types-kinds"
)
_METADATA: Final = f"Standard object's metadata. More info: {_CONVENTIONS}#metadata"
_LIST_METADATA: Final = f"Standard list metadata. More info: {_CONVENTIONS}#types-kinds"
# OpenAPI v2 knows none of these.
_NOT_IN_V2: Final = ("oneOf", "anyOf", "allOf", "not", "nullable", "x-kubernetes-validations")


def definitions(resource: Resource) -> Iterator[tuple[str, bytes]]:
    """The definitions of a custom resource and its list, as OpenAPI v2 has them."""
    own = _declared(resource)
    if own is None or own.get("x-kubernetes-preserve-unknown-fields"):
        # Without properties: a client would take those that are there for all that there may be.
        shown: JSON = {"type": "object"}
    else:
        shown = _with_head(_v2(own), "#/definitions/")
    yield resource.definition, orjson.dumps(shown | _kind_of(resource, resource.kind))
    yield resource.list_definition, orjson.dumps(_list(resource, "#/definitions/"))


def components(resource: Resource) -> Iterator[tuple[str, bytes]]:
    """The same for OpenAPI v3: schemas as they are declared."""
    own = _declared(resource)
    shown = {"type": "object"} if own is None else _with_head(own, "#/components/schemas/")
    yield resource.definition, orjson.dumps(shown | _kind_of(resource, resource.kind))
    yield resource.list_definition, orjson.dumps(_list(resource, "#/components/schemas/"))


def _declared(resource: Resource) -> JSON | None:
    found: JSON | None = orjson.loads(resource.schema) if resource.schema is not None else None
    return found


def _kind_of(resource: Resource, kind: str) -> JSON:
    gvk = {"group": resource.group, "kind": kind, "version": resource.version}
    return {"x-kubernetes-group-version-kind": [gvk]}


def _with_head(schema: JSON, place: str, metadata: str = "ObjectMeta") -> JSON:
    """A schema with apiVersion, kind and metadata; the same in embedded resources."""
    out = _with_embedded(schema, place)
    reference = _reference(f"{_META}{metadata}", place, _METADATA if metadata == "ObjectMeta" else _LIST_METADATA)
    properties = {**(out.get("properties") or {}), **_types(), "metadata": reference}
    return {**out, "properties": properties}


def _types() -> JSON:
    return {
        "apiVersion": {"type": "string", "description": _API_VERSION},
        "kind": {"type": "string", "description": _KIND},
    }


def _reference(name: str, place: str, description: str) -> JSON:
    target = {"$ref": f"{place}{name}"}
    if "components" in place:
        return {"allOf": [target], "description": description}
    return {**target, "description": description}


def _with_embedded(schema: JSON, place: str) -> JSON:
    out = dict(schema)
    if out.get("properties"):
        out["properties"] = {name: _embedded(value, place) for name, value in out["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(out.get(name), dict):
            out[name] = _embedded(out[name], place)
    return out


def _embedded(schema: JSON, place: str) -> JSON:
    if schema.get("x-kubernetes-embedded-resource"):
        return _with_head(schema, place)
    return _with_embedded(schema, place)


def _list(resource: Resource, place: str) -> JSON:
    items = {
        "type": "array",
        "description": f"List of {resource.name}. More info: {_CONVENTIONS}",
        "items": {"$ref": f"{place}{resource.definition}"},
    }
    shown: JSON = {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {"items": items},
    }
    return _with_head(shown, place, "ListMeta") | _kind_of(resource, resource.list_kind)


def _v2(schema: JSON) -> JSON:
    """A schema without what OpenAPI v2 has no words for, so that clients don't refuse what is allowed."""
    if schema.get("nullable"):
        kept = {name: value for name, value in schema.items() if name == "description" or name.startswith("x-")}
        return {name: value for name, value in kept.items() if name not in _NOT_IN_V2}
    out = {name: value for name, value in schema.items() if name not in _NOT_IN_V2}
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out.pop("format", None)
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        for name in ("items", "properties", "required"):
            out.pop(name, None)
    out.pop("default", None)
    if out.get("properties"):
        out["properties"] = {name: _v2(value) for name, value in out["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(out.get(name), dict):
            out[name] = _v2(out[name])
    return out
