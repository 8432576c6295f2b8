"""Values of CustomResourceDefinitions as error messages quote them: Kubernetes prints its internal Go structs."""

from __future__ import annotations

from typing import Any, Final

Object = dict[str, Any]

# Go field, JSON name, and what Go has where nothing is set, in the order of the struct.
_SCHEMA: Final[tuple[tuple[str, str, Any], ...]] = (
    ("ID", "id", ""),
    ("Schema", "$schema", ""),
    ("Ref", "$ref", None),
    ("Description", "description", ""),
    ("Type", "type", ""),
    ("Nullable", "nullable", False),
    ("Format", "format", ""),
    ("Title", "title", ""),
    ("Maximum", "maximum", None),
    ("ExclusiveMaximum", "exclusiveMaximum", False),
    ("Minimum", "minimum", None),
    ("ExclusiveMinimum", "exclusiveMinimum", False),
    ("MaxLength", "maxLength", None),
    ("MinLength", "minLength", None),
    ("Pattern", "pattern", ""),
    ("MaxItems", "maxItems", None),
    ("MinItems", "minItems", None),
    ("UniqueItems", "uniqueItems", False),
    ("MultipleOf", "multipleOf", None),
    ("Enum", "enum", None),
    ("MaxProperties", "maxProperties", None),
    ("MinProperties", "minProperties", None),
    ("Required", "required", None),
    ("Items", "items", None),
    ("AllOf", "allOf", None),
    ("OneOf", "oneOf", None),
    ("AnyOf", "anyOf", None),
    ("Not", "not", None),
    ("Properties", "properties", None),
    ("AdditionalProperties", "additionalProperties", None),
    ("PatternProperties", "patternProperties", None),
    ("Dependencies", "dependencies", None),
    ("AdditionalItems", "additionalItems", None),
    ("Definitions", "definitions", None),
    ("ExternalDocs", "externalDocs", None),
    ("Example", "example", None),
    ("Default", "default", None),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", None),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", False),
    ("XIntOrString", "x-kubernetes-int-or-string", False),
    ("XListMapKeys", "x-kubernetes-list-map-keys", None),
    ("XListType", "x-kubernetes-list-type", None),
    ("XMapType", "x-kubernetes-map-type", None),
    ("XValidations", "x-kubernetes-validations", None),
)
# (Go field, JSON name) in the order of Go's struct: what a message names when a field must not stand at the root.
SCHEMA_FIELDS: Final = tuple((name, json_name) for name, json_name, _ in _SCHEMA)
_RULE: Final[tuple[tuple[str, str, Any], ...]] = (
    ("Rule", "rule", ""),
    ("Message", "message", ""),
    ("MessageExpression", "messageExpression", ""),
    ("Reason", "reason", None),
    ("FieldPath", "fieldPath", ""),
    ("OptionalOldSelf", "optionalOldSelf", None),
)
_COLUMN: Final[tuple[tuple[str, str, Any], ...]] = (
    ("Name", "name", ""),
    ("Type", "type", ""),
    ("Format", "format", ""),
    ("Description", "description", ""),
    ("Priority", "priority", 0),
    ("JSONPath", "jsonPath", ""),
)
_SCALE: Final[tuple[tuple[str, str, Any], ...]] = (
    ("SpecReplicasPath", "specReplicasPath", ""),
    ("StatusReplicasPath", "statusReplicasPath", ""),
    ("LabelSelectorPath", "labelSelectorPath", None),
)


def schema(value: Object) -> Object:
    return {name: _inner(json_name, value.get(json_name, zero)) for name, json_name, zero in _SCHEMA}


def _inner(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "not":
        return schema(value)
    if name in ("allOf", "anyOf", "oneOf"):
        return [schema(item) for item in value]
    if name in ("properties", "patternProperties", "definitions"):
        return {key: schema(value[key]) for key in sorted(value)}
    if name == "items":
        return schema_or_list(value)
    if name in ("additionalProperties", "additionalItems"):
        one = isinstance(value, dict)
        return {"Allows": one or bool(value), "Schema": schema(value) if one else None}
    if name == "dependencies":
        return {key: _dependency(value[key]) for key in sorted(value)}
    if name == "externalDocs":
        return {"Description": value.get("description", ""), "URL": value.get("url", "")}
    if name == "x-kubernetes-validations":
        return [_struct(_RULE, item) for item in value]
    return value


def schema_or_list(value: Any) -> Object:
    """The items of an array's schema."""
    if isinstance(value, dict):
        return {"Schema": schema(value), "JSONSchemas": None}
    return {"Schema": None, "JSONSchemas": [schema(item) for item in value]}


def _dependency(value: Any) -> Object:
    one = isinstance(value, dict)
    return {"Schema": schema(value) if one else None, "Property": None if one else value}


def _struct(table: tuple[tuple[str, str, Any], ...], value: Object) -> Object:
    return {name: value.get(json_name, zero) for name, json_name, zero in table}


def version(
    value: Object,
    validation: Object | None,
    subresources: Object | None,
    columns: list[Object] | None,
    selectable: list[Object] | None,
) -> Object:
    """One of spec.versions; the rest only where it is not the same in all versions."""
    return {
        "Name": value.get("name", ""),
        "Served": value.get("served", False),
        "Storage": value.get("storage", False),
        "Deprecated": value.get("deprecated", False),
        "DeprecationWarning": value.get("deprecationWarning"),
        "Schema": _validation(validation),
        "Subresources": _subresources(subresources),
        "AdditionalPrinterColumns": [_struct(_COLUMN, column) for column in columns] if columns else None,
        "SelectableFields": [{"JSONPath": item.get("jsonPath", "")} for item in selectable] if selectable else None,
    }


def _validation(value: Object | None) -> Object | None:
    if value is None:
        return None
    found = value.get("openAPIV3Schema")
    return {"OpenAPIV3Schema": None if found is None else schema(found)}


def _subresources(value: Object | None) -> Object | None:
    if value is None:
        return None
    scale = value.get("scale")
    return {
        "Status": {} if "status" in value else None,
        "Scale": None if scale is None else _struct(_SCALE, scale),
    }
