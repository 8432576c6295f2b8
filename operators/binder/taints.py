"""Taints and tolerations: does a Pod put up with a node?"""

from __future__ import annotations

from typing import Any

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_REPELLING = ("NoSchedule", "NoExecute")


def allows_cordoned(pod: dict[str, Any]) -> bool:
    """True if a Pod may go to a node that was cordoned (spec.unschedulable), as a DaemonSet's Pods may."""
    return _tolerated(_UNSCHEDULABLE, pod)


def tolerated(pod: dict[str, Any], node: dict[str, Any]) -> bool:
    """True if the Pod tolerates every taint of the node that would keep it away."""
    taints = node["spec"].get("taints") or () if node.get("spec") else ()
    return all(_tolerated(taint, pod) for taint in taints if taint.get("effect") in _REPELLING)


def _tolerated(taint: dict[str, Any], pod: dict[str, Any]) -> bool:
    return any(_matches(toleration, taint) for toleration in pod["spec"].get("tolerations") or ())


def _matches(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    match toleration.get("operator") or "Equal":
        case "Exists":
            return True
        case "Equal":
            return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")
        case _:
            return False
