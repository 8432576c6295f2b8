"""LimitRange: bounds and defaults of what one Pod, container or claim may ask for."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.podspec import resources
from apiserver_stub.schema import quantity

Object = base.Object

_TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")
_COLUMNS: Final = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
# (column, column that it may not exceed, quoted column, path's column, what the message says); in upstream's order.
_ORDER: Final = (
    ("min", "max", "min", "min", "min value {} is greater than max value {}"),
    (
        "min",
        "defaultRequest",
        "defaultRequest",
        "defaultRequest",
        "min value {} is greater than default request value {}",
    ),
    (
        "defaultRequest",
        "max",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than max value {}",
    ),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than default limit value {}",
    ),
    ("min", "default", "min", "default", "min value {} is greater than default value {}"),
    ("default", "max", "max", "default", "default value {} is greater than max value {}"),
)


class LimitRanges(base.Kind):
    allow_create_on_update = True

    def validate(self, obj: Object) -> list[FieldError]:
        out = []
        seen: set[str] = set()
        for i, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
            path, kind = f"spec.limits[{i}]", limit.get("type", "")
            out += _type(kind, f"{path}.type")
            if kind in seen:
                out.append(field.duplicate(f"{path}.type", kind))
            seen.add(kind)
            out += _names(limit, kind, path)
            out += _amounts(limit, kind, path)
        return out


def _type(kind: str, path: str) -> list[FieldError]:
    out = formats.faults(path, kind, formats.label_key(kind))
    if not out and "/" not in kind and kind not in _TYPES:
        out.append(field.invalid(path, kind, "must be a standard limit type or fully qualified"))
    return out


def _names(limit: Object, kind: str, path: str) -> list[FieldError]:
    check = resources.container_name if kind in ("Pod", "Container") else resources.resource_name
    out = []
    for column in _COLUMNS:
        given = limit.get(column) or {}
        if given and kind == "Pod" and column in ("default", "defaultRequest"):
            out.append(field.forbidden(f"{path}.{column}", "may not be specified when `type` is 'Pod'"))
            continue
        if column == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            out += _storage_bound(limit, path)
        for name in given:
            out += check(name, f"{path}.{column}[{name}]")
    return out


def _storage_bound(limit: Object, path: str) -> list[FieldError]:
    if "storage" in (limit.get("min") or {}) or "storage" in (limit.get("max") or {}):
        return []
    detail = "either minimum or maximum storage value is required, but neither was provided"
    return [field.required(f"{path}.limits", detail)]


def _amounts(limit: Object, kind: str, path: str) -> list[FieldError]:
    columns = {column: limit.get(column) or {} for column in _COLUMNS}
    if kind == "Pod":
        columns["default"] = columns["defaultRequest"] = {}
    out = []
    for name in sorted({name for given in columns.values() for name in given}):
        own = {column: given[name] for column, given in columns.items() if name in given}
        out += _resource(name, own, path)
    return out


def _resource(name: str, own: dict[str, str], path: str) -> list[FieldError]:
    """own: the resource's amount by column."""
    out = []
    for low, high, quoted, column, message in _ORDER:
        if low in own and high in own and quantity.parse(own[low]) > quantity.parse(own[high]):
            detail = message.format(own[low], own[high])
            out.append(field.invalid(f"{path}.{column}[{name}]", own[quoted], detail))
    if "maxLimitRequestRatio" in own:
        out += _ratio(own, f"{path}.maxLimitRequestRatio[{name}]")
    default_limit, request = own.get("default"), own.get("defaultRequest")
    fixed = not resources.is_native(name) or name.startswith("hugepages-")
    if not fixed or default_limit is None or request is None:
        return out
    if quantity.parse(default_limit) != quantity.parse(request):
        detail = f"default value {default_limit} must equal to defaultRequest value {request} in {name}"
        out.append(field.invalid(f"{path}.defaultRequest[{name}]", request, detail))
    return out


def _ratio(own: dict[str, str], path: str) -> list[FieldError]:
    text = own["maxLimitRequestRatio"]
    ratio = quantity.parse(text)
    out = []
    if ratio < 1:
        out.append(field.invalid(path, text, f"ratio {text} is less than 1"))
    if "min" in own and "max" in own:
        low, high = quantity.parse(own["min"]), quantity.parse(own["max"])
        possible = high / low if low else Decimal("Infinity")
        if ratio > possible:
            detail = f"ratio {text} is greater than max/min = {float(possible):.6f}"
            out.append(field.invalid(path, text, detail))
    return out
