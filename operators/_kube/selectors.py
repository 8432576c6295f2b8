"""Label selectors (pure). See the Kubernetes page "Labels and Selectors"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a metav1.LabelSelector selects these labels. No selector (None) selects nothing, an empty one everything.

    Raises ValueError for an unknown operator.
    """
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(_holds(requirement, labels) for requirement in selector.get("matchExpressions") or ())


def is_empty(selector: Mapping[str, Any] | None) -> bool:
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    name, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or ()
    match operator:
        case "In":
            return name in labels and labels[name] in values
        case "NotIn":
            return name not in labels or labels[name] not in values
        case "Exists":
            return name in labels
        case "DoesNotExist":
            return name not in labels
        case _:
            raise ValueError(f"{operator!r} is not a valid label selector operator")
