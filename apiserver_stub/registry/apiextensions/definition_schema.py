"""The schema of a version: OpenAPI v3 without what Kubernetes can't serve, and sane x-kubernetes extensions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.apiextensions import definition_fields, definition_go, definition_lists

Object = dict[str, Any]

TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_META: Final = ("metadata", "kind", "apiVersion")
_UNSUPPORTED: Final = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
# What may stand at the root beside the status subresource, which takes properties.status with it.
_AT_ROOT: Final = (
    "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern "
    "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
    "XValidations"
)
_UNIQUE: Final = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
_NEWLINE: Final = re.compile(r"[\n\r]")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of the schemas at one place.

    no_defaults: why defaults are forbidden there; None where they are not. The others are False for old
    objects that were let through before these rules were made.
    """

    no_defaults: str | None = None
    in_meta: bool = False
    known_types: bool = True
    atomic_sets: bool = True
    sound_keys: bool = True


def root(schema: Object, path: str, *, has_status: bool) -> list[FieldError]:
    """What only the root of a schema must obey."""
    out = []
    if has_status:
        out += _beside_status(schema, path)
    if schema.get("nullable"):
        out.append(field.forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    return out


def _beside_status(schema: Object, path: str) -> list[FieldError]:
    for name, json_name in definition_go.SCHEMA_FIELDS:
        if schema.get(json_name) in (None, False, "", [], {}):
            continue
        if name == "Type" and schema["type"] != "object":
            detail = (
                'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            )
            return [field.invalid(f"{path}.type", schema["type"], detail)]
        if name not in _AT_ROOT.split():
            detail = (
                f"only [{_AT_ROOT}] fields are allowed at the root of the schema if the status subresource is enabled"
            )
            return [field.invalid(path, definition_go.schema(schema), detail)]
    return []


def validate(schema: Object, path: str, rules: Rules, *, is_root: bool = False) -> list[FieldError]:
    """A schema and all within it, but for CEL."""
    out = _unsupported(schema, path, rules)
    if schema.get("uniqueItems"):
        out.append(field.forbidden(f"{path}.uniqueItems", _UNIQUE))
    out += _properties(schema, path, rules, is_root=is_root)
    if schema.get("not") is not None:
        out += validate(schema["not"], f"{path}.not", rules)
    for name in ("allOf", "oneOf", "anyOf"):
        for i, inner in enumerate(schema.get(name) or ()):
            out += validate(inner, f"{path}.{name}[{i}]", rules)
    for name, inner in (schema.get("definitions") or {}).items():
        out += validate(inner, f"{path}.definitions[{name}]", rules)
    items = schema.get("items")
    if isinstance(items, dict):
        out += validate(items, f"{path}.items", rules)
    for i, inner in enumerate(items if isinstance(items, list) else ()):
        out += validate(inner, f"{path}.items[{i}]", rules)
    for name, inner in (schema.get("dependencies") or {}).items():
        if isinstance(inner, dict):
            out += validate(inner, f"{path}.dependencies[{name}]", rules)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        out.append(field.invalid(where, False, "must be true or undefined"))
    out += definition_lists.validate(schema, path, atomic_sets=rules.atomic_sets, sound_keys=rules.sound_keys)
    for i, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        out += _rule(rule, schema, f"{path}.x-kubernetes-validations[{i}]")
    return out


def _properties(schema: Object, path: str, rules: Rules, *, is_root: bool) -> list[FieldError]:
    additional, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    out = []
    if properties and additional is not None and additional is not True:
        detail = "additionalProperties and properties are mutual exclusive"
        out.append(field.forbidden(f"{path}.additionalProperties", detail))
    if isinstance(additional, dict):
        inside = rules
        if rules.in_meta:
            # What would be pruned is not known without a value.
            inside = replace(rules, no_defaults="inside additionalProperties applying to object metadata")
        out += validate(additional, f"{path}.additionalProperties", inside)
    embedded = is_root or schema.get("x-kubernetes-embedded-resource")
    for name, inner in properties.items():
        inside = rules
        if embedded and name in _META:
            inside = replace(rules, in_meta=True)
            if is_root:
                inside = replace(inside, no_defaults=f"in top-level {name}")
        out += validate(inner, f"{path}.properties[{name}]", inside)
    return out


def _unsupported(schema: Object, path: str, rules: Rules) -> list[FieldError]:
    out = []
    kind = schema.get("type")
    if rules.known_types and kind and kind not in TYPES:
        out.append(field.not_supported(f"{path}.type", kind, TYPES))
    if rules.no_defaults is not None and schema.get("default") is not None:
        out.append(field.forbidden(f"{path}.default", f"must not be set {rules.no_defaults}".rstrip()))
    for name in _UNSUPPORTED:
        if schema.get(name) or (name in schema and name in ("$ref", "additionalItems")):
            out.append(field.forbidden(f"{path}.{name}", f"{name} is not supported"))
    if kind == "null":
        out.append(field.forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative"))
    if isinstance(schema.get("items"), list) and schema["items"]:
        out.append(field.forbidden(f"{path}.items", "items must be a schema object and not an array"))
    if rules.in_meta and schema.get("x-kubernetes-embedded-resource"):
        where = f"{path}.x-kubernetes-embedded-resource"
        out.append(field.forbidden(where, "must not be used inside of resource meta"))
    return out


def _rule(rule: Object, schema: Object, path: str) -> list[FieldError]:
    """A CEL rule, but for its expressions."""
    text, message = rule.get("rule", ""), rule.get("message", "")
    out = []
    if not text.strip():
        out.append(field.required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        out.append(field.invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif _NEWLINE.search(message.strip()):
        out.append(field.invalid(f"{path}.message", message, "must not contain line breaks"))
    elif _NEWLINE.search(text.strip()) and not message:
        detail = "message must be specified if rule contains line breaks"
        out.append(field.required(f"{path}.message", detail))
    expression = rule.get("messageExpression", "")
    if expression and not expression.strip():
        detail = "messageExpression must be non-empty if specified"
        out.append(field.required(f"{path}.messageExpression", detail))
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        out.append(field.not_supported(f"{path}.reason", reason, _REASONS))
    return out + _field_path(rule.get("fieldPath", ""), schema, f"{path}.fieldPath")


def _field_path(text: str, schema: Object, path: str) -> list[FieldError]:
    if not text:
        return []
    out = []
    if not text.strip():
        out.append(field.invalid(path, text, "must be non-empty if specified"))
    if _NEWLINE.search(text):
        out.append(field.invalid(path, text, "must not contain line breaks"))
    try:
        definition_fields.resolve(text, schema)
    except definition_fields.BadPath:
        out.append(field.invalid(path, text, "must be a valid path"))
    return out
