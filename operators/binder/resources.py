"""Resource requests: what a Pod asks for, and whether a node has it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from operators._kube import meta, podresources

_CPU = "cpu"
# More than there will be Pods on a machine; forgotten all at once, since most states are of the past by then.
_KNOWN = 4096
_known: dict[tuple[str, str], Counter[str]] = {}


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
        for name, amount in _reserved(pod).items():
            used[name] += amount
    return used


def _reserved(pod: dict[str, Any]) -> Counter[str]:
    """Counted once for each state of a Pod: for each Pod that is placed, all that are there are summed up."""
    version = pod["metadata"].get("resourceVersion")
    if not version:
        return podresources.reserved(pod)
    key = (meta.uid_of(pod), version)
    found = _known.get(key)
    if found is None:
        if len(_known) >= _KNOWN:
            _known.clear()
        found = _known[key] = podresources.reserved(pod)
    return found


def _order(name: str) -> tuple[int, str]:
    known = (_CPU, "memory", "ephemeral-storage")
    return (known.index(name) if name in known else len(known), name)
