"""Validation of one device of a ResourceSlice: attributes, capacity, taints, counters, nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.podspec import scheduling
from apiserver_stub.registry.resource import binding, capacity, claim_validation, lists, names

Object = Mapping[str, Any]

_MOST_VALUES: Final = 32
_MOST_TAINTS: Final = 16
_MOST_CONSUMPTIONS: Final = 2
_MOST_COUNTERS: Final = 32
_LONGEST_VALUE: Final = 64
_LONGEST_KEY: Final = names.LONGEST_DOMAIN + 1 + names.LONGEST_ID
_PLACES: Final = ("nodeName", "nodeSelector", "allNodes")
_ONE_PLACE: Final = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to "
    "true in the ResourceSlice spec"
)
_NO_PLACE: Final = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
    "ResourceSlice spec"
)
_NUMBER: Final = r"(0|[1-9][0-9]*)"
_PART: Final = r"(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD: Final = r"[0-9a-zA-Z-]+"
_SEMVER: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PART}(\.{_PART})*)?(\+{_BUILD}(\.{_BUILD})*)?", re.ASCII
)
_KINDS: Final = ("bool", "int", "string", "version", "bools", "ints", "strings", "versions")


def validate(device: Object, old: Object | None, path: str, *, chooses_nodes: bool) -> list[FieldError]:
    """chooses_nodes: whether each device of the slice says on which nodes it is."""
    out = names.label(device.get("name", ""), f"{path}.name")
    attributes, amounts = device.get("attributes") or {}, device.get("capacity") or {}
    count = len(attributes) + len(amounts)
    if count > _MOST_VALUES:
        detail = f"the total number of attributes and capacities must not exceed {_MOST_VALUES}"
        out.append(field.invalid(path, count, detail))
    out += lists.entries(attributes, -1, f"{path}.attributes", names.qualified, _attribute, _LONGEST_KEY)
    before = old or {}
    if old is None or before.get("capacity") != device.get("capacity"):
        check = capacity.shared if device.get("allowMultipleAllocations") else capacity.single
        out += lists.entries(amounts, -1, f"{path}.capacity", names.qualified, check, _LONGEST_KEY)
    if old is None or before.get("taints") != device.get("taints"):
        out += lists.each(device.get("taints") or (), _MOST_TAINTS, f"{path}.taints", taint)
    out += lists.unique(
        device.get("consumesCounters") or (),
        _MOST_CONSUMPTIONS,
        f"{path}.consumesCounters",
        _consumption,
        lambda item: item.get("counterSet", ""),
    )
    return out + _place(device, path, chooses=chooses_nodes) + binding.conditions(device, path)


def counter(value: Object, path: str) -> list[FieldError]:
    """Any amount will do."""
    return []


def _consumption(item: Object, path: str) -> list[FieldError]:
    name, counters = item.get("counterSet", ""), item.get("counters")
    out = names.label(name, f"{path}.counterSet") if name else [field.required(f"{path}.counterSet")]
    if not counters:
        return [*out, field.required(f"{path}.counters")]
    return out + lists.entries(counters, _MOST_COUNTERS, f"{path}.counters", names.label, counter, 63)


def _attribute(value: Object, path: str) -> list[FieldError]:
    given = [kind for kind in _KINDS if value.get(kind) is not None]
    out = []
    for kind in given:
        items = value[kind] if kind.endswith("s") else [value[kind]]
        for i, item in enumerate(items):
            here = f"{path}.{kind}[{i}]" if kind.endswith("s") else f"{path}.{kind}"
            if kind.startswith("version") and not _SEMVER.fullmatch(item):
                detail = "must be a string compatible with semver.org spec 2.0.0"
                out.append(field.invalid(here, item, detail))
            if isinstance(item, str) and len(item.encode()) > _LONGEST_VALUE:
                out.append(field.too_long(here, _LONGEST_VALUE))
    if not given:
        out.append(field.invalid(path, "", "exactly one value must be specified"))
    elif len(given) > 1:
        out.append(field.invalid(path, _go_attribute(value), "exactly one value must be specified"))
    return out


def _go_attribute(value: Object) -> dict[str, Any]:
    """As Go prints it: IntValue, IntValues …"""
    out = {}
    for kind in _GO:
        end = "Values" if kind.endswith("s") else "Value"
        out[kind.removesuffix("s").title() + end] = value.get(kind)
    return out


_GO: Final = ("int", "bool", "string", "version", "ints", "bools", "strings", "versions")


def taint(value: Object, path: str) -> list[FieldError]:
    key, text = value.get("key", ""), value.get("value", "")
    out = formats.faults(f"{path}.key", key, formats.label_key(key))
    if text:
        out += formats.faults(f"{path}.value", text, formats.label_value(text))
    return out + formats.one_of(f"{path}.effect", value.get("effect"), claim_validation.EFFECTS)


def _place(device: Object, path: str, *, chooses: bool) -> list[FieldError]:
    if not chooses:
        placed = any(device.get(name) is not None for name in _PLACES)
        return [field.invalid(path, None, _NO_PLACE)] if placed else []
    out = []
    given = [f"`{name}`" for name in _PLACES if device.get(name)]
    node, chosen = device.get("nodeName"), device.get("nodeSelector")
    if node == "":
        out.append(field.invalid(f"{path}.nodeName", "", "must not be empty"))
    elif node is not None:
        out += formats.faults(f"{path}.nodeName", node, formats.subdomain(node))
    if chosen is not None:
        out += scheduling.node_selector(chosen, f"{path}.nodeSelector")
    if device.get("allNodes") is False:
        out.append(field.invalid(f"{path}.allNodes", False, "must be either unset or set to true"))
    if not given:
        out.append(field.required(path, _ONE_PLACE))
    elif len(given) > 1:
        out.append(field.invalid(path, f"{{{', '.join(given)}}}", _ONE_PLACE))
    return out
