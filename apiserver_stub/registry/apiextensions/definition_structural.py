"""Structural schemas: every field has a type, and value validations (allOf, anyOf, oneOf, not) declare none.

See the Kubernetes page "Extend the Kubernetes API with CustomResourceDefinitions", "Specifying a structural schema".
"""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.apiextensions import definition_form
from apiserver_stub.schema import goregex

Object = dict[str, Any]

_UNSUPPORTED: Final = ("id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions")
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_EITHER: Final = "x-kubernetes-int-or-string"
# Where a schema stands, and what is said if it has no type there.
_ROOT: Final = "must not be empty at the root"
_ITEM: Final = "must not be empty for specified array items"
_FIELD: Final = "must not be empty for specified object fields"
# What a value validation must not have, and how it should be.
_FORBIDDEN: Final = (
    ("title", "empty"),
    ("description", "empty"),
    ("nullable", "false"),
    (_PRESERVE, "false"),
    (_EMBEDDED, "false"),
    (_EITHER, "false"),
    ("x-kubernetes-list-map-keys", "empty"),
    ("x-kubernetes-list-type", "undefined"),
    ("x-kubernetes-map-type", "undefined"),
    ("x-kubernetes-validations", "empty"),
)
_METADATA: Final = "must not specify anything other than name and generateName, but metadata is implicitly specified"


def obstacle(schema: Object) -> str:
    """Why no structural schema can be made of a schema at all; "" if one can."""
    for found in definition_form.walk(schema):
        for name in _UNSUPPORTED:
            if found.get(name) or (name in found and name == "additionalItems"):
                return f"OpenAPIV3Schema '{name if name == '$ref' else name.removeprefix('$')}' is not supported"
        if isinstance(found.get("items"), list) and found["items"]:
            return "OpenAPIV3Schema 'items' must be a schema, but is an array"
        if found.get(_PRESERVE) is False:
            return f"internal error: '{_PRESERVE}' must be true or undefined"
    return ""


def validate(schema: Object, path: str) -> list[FieldError]:
    """A version's schema, sorted by message as upstream does."""
    found = _invariants(schema, _ROOT, path) + _declared(schema, schema, path, path)
    return sorted(found, key=lambda error: error.message)


def _invariants(schema: Object, level: str, path: str) -> list[FieldError]:
    out = []
    items = schema.get("items")
    if schema.get("type") == "array" and not isinstance(items, dict):
        out.append(field.required(f"{path}.items", "must be specified"))
    if isinstance(items, dict):
        out += _invariants(items, _ITEM, f"{path}.items")
    for name, inner in (schema.get("properties") or {}).items():
        out += _invariants(inner, _FIELD, f"{path}.properties[{name}]")
    additional = schema.get("additionalProperties")
    if additional is not None and level is _ROOT:
        out.append(field.forbidden(f"{path}.additionalProperties", "must not be used at the root"))
    if isinstance(additional, dict):
        out += _invariants(additional, _FIELD, f"{path}.additionalProperties")
    out += _exclusive(schema, path)
    skip_any, skip_all = _alternatives(schema)
    out += _value_validation(schema, path, skip_any, skip_all)
    out += _type(schema, level, path)
    return out + _resource(schema, level, path)


def _exclusive(schema: Object, path: str) -> list[FieldError]:
    if not schema.get(_EITHER):
        return []
    detail = f"must be false if {_EITHER} is true"
    return [field.invalid(f"{path}.{name}", True, detail) for name in (_PRESERVE, _EMBEDDED) if schema.get(name)]


def _alternatives(schema: Object) -> tuple[bool, bool]:
    """Whether anyOf, or the first allOf's anyOf, says "integer or string", which may name types."""
    first = (schema.get("allOf") or [{}])[0]
    return schema.get("anyOf") == _INT_OR_STRING, first.get("anyOf") == _INT_OR_STRING


def _type(schema: Object, level: str, path: str) -> list[FieldError]:
    kind = schema.get("type", "")
    out = []
    if schema.get(_EMBEDDED) and kind != "object":
        detail = f"must be object if {_EMBEDDED} is true"
        where = f"{path}.type"
        out.append(field.invalid(where, kind, detail) if kind else field.required(where, detail))
    elif not kind and not schema.get(_EITHER) and not schema.get(_PRESERVE):
        out.append(field.required(f"{path}.type", level))
    if schema.get(_EMBEDDED) and schema.get("additionalProperties") is not None:
        detail = f"must not be used if {_EMBEDDED} is set"
        out.append(field.forbidden(f"{path}.additionalProperties", detail))
    if level is _ROOT and kind and kind != "object":
        out.append(field.invalid(f"{path}.type", kind, "must be object at the root"))
    return out


def _resource(schema: Object, level: str, path: str) -> list[FieldError]:
    """What a resource, at the root or embedded, may say of kind, apiVersion and metadata."""
    properties = schema.get("properties") or {}
    is_resource = level is _ROOT or bool(schema.get(_EMBEDDED))
    out = []
    for name in ("kind", "apiVersion"):
        kind = properties.get(name, {}).get("type", "")
        if is_resource and name in properties and kind != "string":
            out.append(field.invalid(f"{path}.properties[{name}].type", kind, "must be string"))
    if "metadata" in properties:
        where, meta = f"{path}.properties[metadata]", properties["metadata"]
        if is_resource and meta.get("type") != "object":
            out.append(field.invalid(f"{where}.type", meta.get("type", ""), "must be object"))
        if level is _ROOT and not _restricts_names_only(meta):
            out.append(field.forbidden(where, _METADATA))
    if schema.get(_EMBEDDED) and not schema.get(_PRESERVE) and not properties:
        detail = f"must not be empty if {_EMBEDDED} is true without {_PRESERVE}"
        out.append(field.required(f"{path}.properties", detail))
    return out


def _restricts_names_only(meta: Object) -> bool:
    rest = {name: value for name, value in meta.items() if name not in ("type", "default")}
    if set(rest.get("properties") or {}) <= {"name", "generateName"}:
        rest.pop("properties", None)
    return not rest


def _value_validation(schema: Object, path: str, skip_any: bool = False, skip_all: bool = False) -> list[FieldError]:
    """skip_any: the anyOf is allowed as it is; skip_all: that of the first allOf."""
    out = []
    if not skip_any:
        for i, inner in enumerate(schema.get("anyOf") or ()):
            out += _nested(inner, f"{path}.anyOf[{i}]")
    for i, inner in enumerate(schema.get("allOf") or ()):
        out += _nested(inner, f"{path}.allOf[{i}]", skip_any=skip_all and i == 0)
    for i, inner in enumerate(schema.get("oneOf") or ()):
        out += _nested(inner, f"{path}.oneOf[{i}]")
    if schema.get("not") is not None:
        out += _nested(schema["not"], f"{path}.not")
    return out + _pattern(schema.get("pattern"), path)


def _pattern(pattern: str | None, path: str) -> list[FieldError]:
    if pattern:
        try:
            goregex.compile(pattern)
        except goregex.RegexError as fault:
            detail = f"must be a valid regular expression, but isn't: {fault}"
            return [field.invalid(f"{path}.pattern", pattern, detail)]
    return []


def _nested(schema: Object, path: str, *, skip_any: bool = False) -> list[FieldError]:
    """A schema that only restricts values."""
    out = _value_validation(schema, path, skip_any)
    if isinstance(schema.get("items"), dict):
        out += _nested(schema["items"], f"{path}.items")
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        out += _nested(inner, f"{path}.properties[{name}]")
    if schema.get("type"):
        out.append(field.forbidden(f"{path}.type", "must be empty to be structural"))
    # `additionalProperties: false` says nothing here and is let through.
    if schema.get("additionalProperties") not in (None, False):
        out.append(field.forbidden(f"{path}.additionalProperties", "must be undefined to be structural"))
    if schema.get("default") is not None:
        out.append(field.forbidden(f"{path}.default", "must be undefined to be structural"))
    for name, wanted in _FORBIDDEN:
        if schema.get(name):
            out.append(field.forbidden(f"{path}.{name}", f"must be {wanted} to be structural"))
    if "metadata" in properties:
        out.append(field.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context"))
    return out


def _declared(validation: Object, schema: Object, here: str, path: str) -> list[FieldError]:
    """Whatever a value validation speaks of must be declared outside of it; upstream looks at the root's only.

    here: where the validation stands; path: where what it speaks of must be declared.
    """
    out = []
    if validation.get("not") is not None:
        out += _mirrored(validation["not"], schema, f"{here}.not", path)
    for name in ("allOf", "anyOf", "oneOf"):
        for i, inner in enumerate(validation.get(name) or ()):
            out += _mirrored(inner, schema, f"{here}.{name}[{i}]", path)
    return out


def _mirrored(inner: Object, schema: Object | None, here: str, path: str) -> list[FieldError]:
    if schema is None:
        return [field.required(path, f"because it is defined in {here}")]
    out = _declared(inner, schema, here, path)
    if isinstance(inner.get("items"), dict):
        items = schema.get("items")
        out += _mirrored(inner["items"], items if isinstance(items, dict) else None, f"{here}.items", f"{path}.items")
    for name, value in (inner.get("properties") or {}).items():
        found = (schema.get("properties") or {}).get(name)
        out += _mirrored(value, found, f"{here}.properties[{name}]", f"{path}.properties[{name}]")
    return out
