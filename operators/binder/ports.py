"""Host ports: is one that a Pod wants taken on the node already?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared, not bound

HostPort = tuple[str, int, str]


def wanted(pod: dict[str, Any]) -> list[HostPort]:
    """(protocol, port, address) of the Pod's host ports, those of its sidecars included."""
    spec = pod["spec"]
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    return [
        (port.get("protocol") or "TCP", port["hostPort"], port.get("hostIP") or _ANY_ADDRESS)
        for container in (*spec.get("containers", ()), *sidecars)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def conflict(pod: dict[str, Any], others: Iterable[dict[str, Any]]) -> bool:
    """True if one of the `others` holds a port that the Pod wants, at the same address or at any."""
    mine = wanted(pod)
    if not mine:
        return False
    return any(_clash(own, other) for taken in others for other in wanted(taken) for own in mine)


def _clash(left: HostPort, right: HostPort) -> bool:
    if left[:2] != right[:2]:
        return False
    return left[2] == right[2] or _ANY_ADDRESS in (left[2], right[2])
