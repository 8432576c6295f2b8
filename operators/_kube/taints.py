"""Taints and tolerations: does a Pod put up with a node? (pure).

See the Kubernetes page "Taints and Tolerations", section "Concepts".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_REPELLING = ("NoSchedule", "NoExecute")


def allows_cordoned(pod: Mapping[str, Any]) -> bool:
    """True if a Pod may go to a node that was cordoned (spec.unschedulable), as a DaemonSet's Pods may."""
    return _tolerated(_UNSCHEDULABLE, pod)


def tolerated(pod: Mapping[str, Any], node: Mapping[str, Any], effects: Iterable[str] = _REPELLING) -> bool:
    """True if the Pod tolerates every taint of the node that has one of these effects."""
    taints = (node.get("spec") or {}).get("taints") or ()
    return all(_tolerated(taint, pod) for taint in taints if taint.get("effect") in effects)


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """An empty key with Exists tolerates everything."""
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if key not in ("", taint["key"]) or (not key and operator != "Exists"):
        return False
    ours, theirs = str(taint.get("value") or ""), str(toleration.get("value") or "")
    if operator in ("Gt", "Lt"):
        return _compares(operator, ours, theirs)
    return operator == "Exists" or (operator == "Equal" and ours == theirs)


def _tolerated(taint: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    return any(tolerates(toleration, taint) for toleration in pod["spec"].get("tolerations") or ())


def _compares(operator: str, ours: str, theirs: str) -> bool:
    """Whole numbers, as KEP-5471 has it."""
    try:
        return int(ours) > int(theirs) if operator == "Gt" else int(ours) < int(theirs)
    except ValueError:
        return False
