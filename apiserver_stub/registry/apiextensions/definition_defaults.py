"""Defaults in a structural schema: each must be valid by the schema it stands in, and hold nothing unknown."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.apiextensions import definition_form
from apiserver_stub.schema import structural, structural_lists, structural_shape

Object = dict[str, Any]

_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_HOLDER: Final = "default"


def validate(schema: Object, path: str, *, pruned: bool = True) -> list[FieldError]:
    """All defaults in a schema. pruned: whether they may not hold unknown fields."""
    out = []
    value = schema.get("default")
    if value is not None:
        out += _unknown(schema, value, path) if pruned else []
        out += _faults(schema, value, f"{path}.default")
    # Defaults in additionalProperties are not looked at, as upstream.
    if isinstance(schema.get("items"), dict):
        out += validate(schema["items"], f"{path}.items", pruned=pruned)
    for name, inner in (schema.get("properties") or {}).items():
        out += validate(inner, f"{path}.properties[{name}]", pruned=pruned)
    return out


def has_unknown(schema: Object) -> bool:
    """Whether a schema's own default holds unknown fields."""
    return schema.get("default") is not None and bool(_unknown(schema, schema["default"], ""))


def _unknown(schema: Object, value: Any, path: str) -> list[FieldError]:
    if not isinstance(value, dict | list):
        return []
    unknown: list[str] = []
    structural_shape.prune(structural_shape.Shape(schema), copy.deepcopy(value), "", unknown)
    return [field.invalid(f"{path}.default", value, "must not have unknown fields")] if unknown else []


def _faults(schema: Object, value: Any, path: str) -> list[FieldError]:
    if isinstance(value, dict | list):
        # Embedded resources are looked for below a holder, as a root is none.
        shape = structural_shape.Shape({"properties": {_HOLDER: schema}})
        found = structural_lists.embedded(shape, {_HOLDER: copy.deepcopy(value)})
        if found:
            return [replace(error, field=path + error.field.removeprefix(_HOLDER)) for error in found]
    return structural.compile(schema).values(value, path) or _rules(schema, value, path)


def _rules(schema: Object, value: Any, path: str) -> list[FieldError]:
    if not definition_form.has_rules(schema):
        return []
    from apiserver_stub.schema.cel import rules

    # Below a holder, as a root would be taken for a whole resource.
    holder = {"type": "object", "properties": {_HOLDER: schema}}
    found = rules.compile_rules(holder).validate({_HOLDER: value})
    return [replace(error, field=path + error.field.removeprefix(_HOLDER)) for error in found]
