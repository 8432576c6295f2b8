"""Resource requests: what a Pod asks for, and whether a node has it left."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from operators._kube import quantity

# CPU is counted in thousandths, everything else in whole units.
_CPU = "cpu"


def requests(pod: dict[str, Any]) -> Counter[str]:
    """What the node must set aside for the Pod (Pod concepts page, "Resource sharing within containers").

    The larger of what the containers need together and what any init container needs at its time, where sidecars
    that were started before it go on running; plus the overhead. Requests of the Pod itself replace the sum.
    """
    spec = pod["spec"]
    running: Counter[str] = Counter()
    for container in spec.get("containers") or ():
        running.update(_amounts(container))
    sidecars: Counter[str] = Counter()
    peak: Counter[str] = Counter()
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container)
        if container.get("restartPolicy") == "Always":
            sidecars.update(amounts)
            peak |= sidecars
        else:
            peak |= sidecars + amounts
    total = (running + sidecars) | peak
    for name, amount in _amounts(spec).items():
        total[name] = amount
    total.update(_parsed(spec.get("overhead") or {}))
    return +total


def lacking(pod: dict[str, Any], node: dict[str, Any], others: Collection[dict[str, Any]]) -> tuple[list[str], bool]:
    """Why the Pod does not fit beside the `others` on the node, in the scheduler's words; [] if it does.

    Also whether it would not even fit on the empty node.
    """
    allocatable = _parsed((node.get("status") or {}).get("allocatable") or {})
    reasons: list[str] = []
    if len(others) + 1 > allocatable.get("pods", 0):
        reasons.append("Too many pods")
    needed = requests(pod)
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
        used.update(requests(pod))
    return used


def _order(name: str) -> tuple[int, str]:
    known = (_CPU, "memory", "ephemeral-storage")
    return (known.index(name) if name in known else len(known), name)


def _amounts(holder: Mapping[str, Any]) -> Counter[str]:
    return _parsed((holder.get("resources") or {}).get("requests") or {})


def _parsed(amounts: Mapping[str, Any]) -> Counter[str]:
    return Counter({name: _whole(name, str(amount)) for name, amount in amounts.items()})


@functools.lru_cache(maxsize=1024)
def _whole(name: str, amount: str) -> int:
    try:
        return quantity.milli(amount) if name == _CPU else quantity.value(amount)
    except ValueError:
        return 0  # the API does not let such a Pod in
