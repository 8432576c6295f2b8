"""Volumes that are to grow, and what their claims say about it (pure).

See the Kubernetes page "Persistent Volumes", "Expanding Persistent Volumes Claims".
"""

from __future__ import annotations

from decimal import Decimal

from operators._kube import conditions, volumes
from operators._kube.meta import Object

_RESIZING = ("Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError")


def is_wanted(claim: Object) -> bool:
    """Whether a bound claim asks for more than it has."""
    if not volumes.is_fully_bound(claim) or (claim.get("status") or {}).get("phase") != "Bound":
        return False
    return volumes.requested(claim) > _shown(claim)


def grown(volume: Object, claim: Object) -> Object:
    """The volume with the size that its claim asks for, unless it is as large already."""
    if volumes.capacity(volume) >= volumes.requested(claim):
        return volume
    capacity = {**(volume["spec"].get("capacity") or {}), "storage": _requested(claim)}
    return {**volume, "spec": {**volume["spec"], "capacity": capacity}}


def finished(claim: Object) -> Object:
    """The status of a claim whose volume has grown; nothing is left for the node to do."""
    status = dict(claim.get("status") or {})
    status["capacity"] = {**(status.get("capacity") or {}), "storage": _requested(claim)}
    status["allocatedResources"] = {**(status.get("allocatedResources") or {}), "storage": _requested(claim)}
    for name, value in (
        ("conditions", [c for c in conditions.of(claim) if c.get("type") not in _RESIZING]),
        ("allocatedResourceStatuses", _others(status.get("allocatedResourceStatuses") or {})),
    ):
        status.pop(name, None)
        if value:
            status[name] = value
    return status


def _others(states: Object) -> Object:
    return {name: state for name, state in states.items() if name != "storage"}


def _requested(claim: Object) -> str:
    return str(claim["spec"]["resources"]["requests"]["storage"])


def _shown(claim: Object) -> Decimal:
    return volumes.capacity({"spec": {"capacity": (claim.get("status") or {}).get("capacity")}})
