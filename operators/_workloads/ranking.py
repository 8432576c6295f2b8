"""Which Pods a controller gives up first when it has too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from operators._kube import meta
from operators._workloads import pods

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def ranked(
    candidates: Iterable[dict[str, Any]], related: Iterable[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """`candidates` with the first to be deleted in front.

    In this order (ReplicaSet concepts page, "Scaling a ReplicaSet", and the annotation pod-deletion-cost): not
    assigned to a node, pending, not ready, lower deletion cost, on a node with more `related` Pods (those of the
    same Deployment), ready for a shorter time, more restarts, newer. Times are compared by order of magnitude, so
    that the choice among Pods of about the same age does not always hit the newest. The UID decides at last.
    """
    per_node = Counter(_node(pod) for pod in related if pods.is_active(pod))
    return sorted(candidates, key=lambda pod: _rank(pod, per_node[_node(pod)], now))


def deletion_cost(pod: dict[str, Any]) -> int:
    """The Pod's pod-deletion-cost; 0 if it has none or one that is no 32-bit number as the API wants it."""
    text = meta.annotations_of(pod).get(DELETION_COST, "0")
    digits = text[1:] if text.startswith("-") else text
    if not (digits.isascii() and digits.isdecimal()) or (len(digits) > 1 and digits.startswith("0")):
        return 0
    cost = int(text)
    return cost if -(2**31) <= cost < 2**31 else 0


def _rank(pod: dict[str, Any], related: int, now: datetime) -> tuple[Any, ...]:
    regular, sidecars = _restarts(pod)
    return (
        bool(_node(pod)),
        _PHASES.get(pods.phase(pod), 0),
        pods.is_ready(pod),
        deletion_cost(pod),
        -related,
        _magnitude(pods.ready_since(pod), now) if pods.is_ready(pod) else 0,
        -regular,
        -sidecars,
        _magnitude(_created(pod), now),
        meta.uid_of(pod),
    )


def _node(pod: dict[str, Any]) -> str:
    return str(pod["spec"].get("nodeName") or "")


def _created(pod: dict[str, Any]) -> datetime | None:
    text = meta.metadata(pod).get("creationTimestamp")
    return meta.parse_time(text) if text else None


def _magnitude(moment: datetime | None, now: datetime) -> int:
    # The binary logarithm of the age: a day old and two days old differ as much as one second and two.
    if moment is None:
        return -1
    return max(0, int((now - moment).total_seconds() * 1e9)).bit_length()


def _restarts(pod: dict[str, Any]) -> tuple[int, int]:
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}
    status = pod.get("status") or {}
    regular = [c.get("restartCount", 0) for c in status.get("containerStatuses") or ()]
    beside = [c.get("restartCount", 0) for c in status.get("initContainerStatuses") or () if c["name"] in sidecars]
    return max(regular, default=0), max(beside, default=0)
