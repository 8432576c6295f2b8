"""Resource requests: what a Pod asks for, and whether a node has it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from operators._kube import podresources

_CPU = "cpu"


def lacking(pod: dict[str, Any], node: dict[str, Any], others: Collection[dict[str, Any]]) -> tuple[list[str], bool]:
    """Why the Pod does not fit beside the `others` on the node, in the scheduler's words; [] if it does.

    Also whether it would not even fit on the empty node.
    """
    allocatable = podresources.parsed((node.get("status") or {}).get("allocatable") or {})
    reasons: list[str] = []
    if len(others) + 1 > allocatable.get("pods", 0):
        reasons.append("Too many pods")
    needed = podresources.requests(pod)
    if not needed:
        return reasons, False
    used = _used(others)
    hopeless = False
    for name in sorted(needed, key=_order):
        if needed[name] > allocatable.get(name, 0) - used.get(name, 0):
            reasons.append(f"Insufficient {name}")
            hopeless |= needed[name] > allocatable.get(name, 0)
    return reasons, hopeless


def _used(pods: Iterable[dict[str, Any]]) -> Counter[str]:
    used: Counter[str] = Counter()
    for pod in pods:
        used.update(podresources.reserved(pod))
    return used


def _order(name: str) -> tuple[int, str]:
    known = (_CPU, "memory", "ephemeral-storage")
    return (known.index(name) if name in known else len(known), name)
