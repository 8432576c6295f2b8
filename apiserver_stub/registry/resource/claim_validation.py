"""Validation of what a claim asks for, in upstream's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.resource import lists, names, selectors

Object = Mapping[str, Any]
# Names of requests, each with those of its alternatives.
Requests = Mapping[str, frozenset[str]]

_MOST: Final = 32
_MOST_ALTERNATIVES: Final = 8
_LONGEST_PARAMETERS: Final = 10 * 1024
_MODES: Final = ("All", "ExactCount")
_UNION: Final = "exactly one of `exactly` or `firstAvailable` is required"
_UNKNOWN_REQUEST: Final = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
EFFECTS: Final = ("NoExecute", "NoSchedule", "None")


def request_names(devices: Object) -> Requests:
    return {
        request.get("name", ""): frozenset(inner.get("name", "") for inner in request.get("firstAvailable") or ())
        for request in devices.get("requests") or ()
    }


def devices(value: Object, path: str) -> list[FieldError]:
    """A DeviceClaim."""
    known = request_names(value)
    out = lists.unique(value.get("requests") or (), _MOST, f"{path}.requests", _request, _name)
    constraints, config = value.get("constraints") or (), value.get("config") or ()
    out += lists.each(constraints, _MOST, f"{path}.constraints", lambda item, here: _constraint(item, here, known))
    return out + lists.each(config, _MOST, f"{path}.config", lambda item, here: configured(item, here, known))


def _name(item: Object) -> str:
    found: str = item.get("name", "")
    return found


def _request(request: Object, path: str) -> list[FieldError]:
    out = names.label(_name(request), f"{path}.name")
    exactly, first = request.get("exactly"), request.get("firstAvailable")
    if exactly is not None and first:
        return [*out, field.invalid(path, None, f"{_UNION}, but multiple fields are set")]
    if first:
        return out + lists.unique(first, _MOST_ALTERNATIVES, f"{path}.firstAvailable", _alternative, _name)
    if exactly is not None:
        return out + _wanted(exactly, f"{path}.exactly")
    return [*out, field.required(path, _UNION)]


def _alternative(request: Object, path: str) -> list[FieldError]:
    return names.label(_name(request), f"{path}.name") + _wanted(request, path)


def _wanted(request: Object, path: str) -> list[FieldError]:
    out = names.device_class(request.get("deviceClassName", ""), f"{path}.deviceClassName")
    out += lists.each(request.get("selectors") or (), _MOST, f"{path}.selectors", selectors.validate)
    mode, count = request.get("allocationMode", ""), request.get("count") or 0
    if mode == "All":
        if count:
            detail = "must not be specified when allocationMode is 'All'"
            out.append(field.invalid(f"{path}.count", count, detail))
    elif mode != "ExactCount":
        out.append(field.not_supported(f"{path}.allocationMode", mode, _MODES))
    elif count <= 0:
        out.append(field.invalid(f"{path}.count", count, "must be greater than zero"))
    return out + lists.each(request.get("tolerations") or (), -1, f"{path}.tolerations", toleration)


def toleration(value: Object, path: str) -> list[FieldError]:
    key, operator, effect = value.get("key", ""), value.get("operator", ""), value.get("effect", "")
    out = formats.faults(f"{path}.key", key, formats.label_key(key)) if key else []
    text = value.get("value", "")
    if operator == "Exists":
        if text:
            out.append(field.invalid(f"{path}.value", text, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        out += formats.faults(f"{path}.value", text, formats.label_value(text))
    else:
        out += formats.one_of(f"{path}.operator", operator, ("Equal", "Exists"))
    if effect and effect not in EFFECTS:
        out.append(field.not_supported(f"{path}.effect", effect, EFFECTS))
    return out


def _constraint(constraint: Object, path: str, known: Requests) -> list[FieldError]:
    out = _references(constraint, path, known)
    for name in ("matchAttribute", "distinctAttribute"):
        if constraint.get(name) is not None:
            return out + names.fully_qualified(constraint[name], f"{path}.{name}")
    detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    return [*out, field.required(path, detail)]


def _references(value: Object, path: str, known: Requests) -> list[FieldError]:
    def check(name: str, here: str) -> list[FieldError]:
        return reference(name, here, known)

    return lists.unique(value.get("requests") or (), _MOST, f"{path}.requests", check)


def reference(name: str, path: str, known: Requests) -> list[FieldError]:
    """The name of a request, or of one of its alternatives."""
    parts = name.split("/")
    if len(parts) > 2:
        return [field.invalid(path, name, _UNKNOWN_REQUEST)]
    out = []
    for part in parts:
        out += names.label(part, path)
    inner = known.get(parts[0])
    if inner is None or (len(parts) == 2 and parts[1] not in inner):
        out.append(field.invalid(path, name, _UNKNOWN_REQUEST))
    return out


def configured(value: Object, path: str, known: Requests) -> list[FieldError]:
    """Configuration for some of the claim's requests."""
    return _references(value, path, known) + configuration(value, path)


def configuration(value: Object, path: str) -> list[FieldError]:
    opaque = value.get("opaque")
    if opaque is None:
        return [field.required(f"{path}.opaque")]
    out = names.driver(opaque.get("driver", ""), f"{path}.opaque.driver")
    return out + raw(opaque.get("parameters"), f"{path}.opaque.parameters", _LONGEST_PARAMETERS)


def raw(value: Any, path: str, longest: int) -> list[FieldError]:
    """Any JSON object. longest: bytes."""
    if value is None:
        return [field.required(path)]
    if len(orjson.dumps(value)) > longest:
        return [field.too_long(path, longest)]
    if not isinstance(value, dict):
        return [field.invalid(path, "<value omitted>", "must be a valid JSON object")]
    return []
