"""x-kubernetes-map-type, x-kubernetes-list-type and x-kubernetes-list-map-keys in a schema."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.apiextensions import definition_go

Object = dict[str, Any]

_MAP_TYPE: Final = "x-kubernetes-map-type"
_LIST_TYPE: Final = "x-kubernetes-list-type"
_KEYS: Final = "x-kubernetes-list-map-keys"
_ATOMIC: Final = f"must be atomic as item of a list with {_LIST_TYPE}=set"
_SCALARS_ONLY: Final = f"must be a scalar type if parent array's {_LIST_TYPE} is map"


def validate(schema: Object, path: str, *, atomic_sets: bool, sound_keys: bool) -> list[FieldError]:
    """One schema, not those within it."""
    map_type, list_type, keys = schema.get(_MAP_TYPE), schema.get(_LIST_TYPE), schema.get(_KEYS) or []
    if map_type is None and list_type is None and not keys:
        return []
    out = _type(schema, path, _MAP_TYPE, "object")
    if map_type is not None and map_type not in ("atomic", "granular"):
        out.append(field.not_supported(f"{path}.{_MAP_TYPE}", map_type, ("atomic", "granular")))
    wrong = _type(schema, path, _LIST_TYPE, "array")
    out += wrong
    if not wrong and atomic_sets:
        out += _atomic_set(schema, path)
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        out.append(field.not_supported(f"{path}.{_LIST_TYPE}", list_type, ("atomic", "set", "map")))
    if keys and list_type != "map":
        detail, where = f"must be map if {_KEYS} is non-empty", f"{path}.{_LIST_TYPE}"
        out.append(field.required(where, detail) if list_type is None else field.invalid(where, list_type, detail))
    if list_type == "map":
        out += _map(schema, keys, path)
    return out + (sound(schema, path) if sound_keys else [])


def _type(schema: Object, path: str, extension: str, wanted: str) -> list[FieldError]:
    kind = schema.get("type", "")
    if extension not in schema or kind == wanted:
        return []
    detail = f"must be {wanted} if {extension} is specified"
    return [field.invalid(f"{path}.type", kind, detail) if kind else field.required(f"{path}.type", detail)]


def _atomic_set(schema: Object, path: str) -> list[FieldError]:
    items = schema.get("items")
    if schema.get(_LIST_TYPE) != "set" or not isinstance(items, dict):
        return []
    kind, list_type = items.get("type"), items.get(_LIST_TYPE)
    if kind == "array" and list_type not in (None, "atomic"):
        return [field.invalid(f"{path}.items.{_LIST_TYPE}", list_type, _ATOMIC)]
    if kind == "object" and items.get(_MAP_TYPE) != "atomic":
        # Upstream quotes the list type here.
        return [field.invalid(f"{path}.items.{_MAP_TYPE}", list_type, _ATOMIC)]
    return []


def is_non_atomic_set(schema: Object) -> bool:
    return bool(_atomic_set(schema, ""))


def _map(schema: Object, keys: list[str], path: str) -> list[FieldError]:
    items = schema.get("items")
    out = []
    if not keys:
        out.append(field.required(f"{path}.{_KEYS}", f"must not be empty if {_LIST_TYPE} is map"))
    if items is None:
        out.append(field.required(f"{path}.items", f"must have a schema if {_LIST_TYPE} is map"))
    elif not isinstance(items, dict):
        shown = definition_go.schema_or_list(items)
        out.append(field.invalid(f"{path}.items", shown, f"must only have a single schema if {_LIST_TYPE} is map"))
    elif items.get("type") != "object":
        detail = f"must be object if parent array's {_LIST_TYPE} is map"
        out.append(field.invalid(f"{path}.items.type", items.get("type", ""), detail))
    else:
        out += _keys(items.get("properties") or {}, keys, path)
    return out


def _keys(properties: Object, keys: list[str], path: str) -> list[FieldError]:
    out = []
    seen = set()
    for key in keys:
        if key not in properties:
            out.append(field.invalid(f"{path}.{_KEYS}", keys, "entries must all be names of item properties"))
        elif properties[key].get("type") in ("array", "object"):
            # Upstream quotes the type of the item here.
            out.append(field.invalid(f"{path}.items.properties[{key}].type", "object", _SCALARS_ONLY))
        if key in seen:
            out.append(field.invalid(f"{path}.{_KEYS}", keys, "must not contain duplicate entries"))
        seen.add(key)
    return out


def sound(schema: Object, path: str) -> list[FieldError]:
    """Items of sets and maps are never null, and the keys of maps are always there."""
    list_type, items = schema.get(_LIST_TYPE), schema.get("items")
    if list_type not in ("set", "map") or not isinstance(items, dict):
        return []
    out = []
    if items.get("nullable"):
        detail = f"cannot be nullable when {_LIST_TYPE} is {list_type}"
        out.append(field.forbidden(f"{path}.items.nullable", detail))
    properties, required = items.get("properties") or {}, items.get("required") or ()
    for key in (schema.get(_KEYS) or ()) if list_type == "map" else ():
        if key not in properties:
            continue
        where = f"{path}.items.properties[{key}]"
        if key not in required and properties[key].get("default") is None:
            detail = f"this property is in {_KEYS}, so it must have a default or be a required property"
            out.append(field.required(f"{where}.default", detail))
        if properties[key].get("nullable"):
            detail = f"this property is in {_KEYS}, so it cannot be nullable"
            out.append(field.forbidden(f"{where}.nullable", detail))
    return out
