"""Node selectors: is a node one of those that a Pod's affinity or a volume asks for? (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operators._kube import meta


def matches(selector: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether the node satisfies one of the terms of a core/v1 NodeSelector."""
    return any(_term_matches(term, node) for term in selector.get("nodeSelectorTerms") or ())


def _term_matches(term: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False  # an empty term selects nothing
    labels, names = meta.labels_of(node), {"metadata.name": meta.name_of(node)}
    return all(_holds(e, labels) for e in expressions) and all(_holds(f, names) for f in fields)


def _holds(requirement: Mapping[str, Any], labels: Any) -> bool:
    value, values = labels.get(requirement["key"]), requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return _compares(value, values) > 0
        case "Lt":
            return _compares(value, values) < 0
        case _:
            return False


def _compares(value: str | None, values: list[str]) -> int:
    try:
        left, right = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return 0  # no number: neither greater nor less
    return (left > right) - (left < right)
