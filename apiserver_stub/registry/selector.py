"""metav1.LabelSelector: validation, and whether it matches labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Selector = Mapping[str, Any]


def validate(selector: Selector | None, path: str) -> list[FieldError]:
    if selector is None:
        return []
    out = formats.any_label(f"{path}.matchLabels", selector.get("matchLabels"))
    for i, expression in enumerate(selector.get("matchExpressions") or ()):
        out += _requirement(expression, f"{path}.matchExpressions[{i}]")
    return out


def _requirement(expression: Mapping[str, Any], path: str) -> list[FieldError]:
    out = operator(expression, path)
    values = expression.get("values") or []
    key = expression.get("key", "")
    out += formats.faults(f"{path}.key", key, formats.label_key(key))
    for i, value in enumerate(values):
        out += formats.faults(f"{path}.values[{i}]", value, formats.label_value(value))
    return out


def operator(requirement: Mapping[str, Any], path: str) -> list[FieldError]:
    """Whether the operator is one that every selector has, with as many values as it takes."""
    name, values = requirement.get("operator", ""), requirement.get("values") or ()
    if name in ("In", "NotIn"):
        if not values:
            return [field.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")]
    elif name in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            return [field.forbidden(f"{path}.values", detail)]
    else:
        return [field.invalid(f"{path}.operator", name, "not a valid selector operator")]
    return []


def shown(selector: Selector | None) -> Any:
    """The selector as Go encodes it: maps in order of their keys, structs in order of their fields."""
    if selector is None:
        return None
    out: dict[str, Any] = {}
    if selector.get("matchLabels"):
        out["matchLabels"] = sorted_map(selector["matchLabels"])
    if selector.get("matchExpressions"):
        order = ("key", "operator", "values")
        out["matchExpressions"] = [
            {name: expression[name] for name in order if expression.get(name)}
            for expression in selector["matchExpressions"]
        ]
    return out


def sorted_map(labels: Mapping[str, str] | None) -> dict[str, str] | None:
    """Labels as Go encodes them; None for none."""
    return dict(sorted(labels.items())) if labels else None


def unchanged(new: Selector | None, old: Selector | None, path: str) -> list[FieldError]:
    """A selector that may not change."""
    return formats.unchanged(path, new, old, shown(new))


def is_empty(selector: Selector) -> bool:
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def matches(selector: Selector | None, labels: Mapping[str, str]) -> bool:
    """Whether the selector selects; none at all selects nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or ())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression.get("key", ""), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
