"""Whether the node has room for a Pod, in kubelet's words (pure)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operators._kube import podresources
from operators.pod.sources import Object

_FIRST = ("cpu", "memory", "ephemeral-storage")
_NAMED = (*_FIRST, "pods")


@dataclass(frozen=True, slots=True)
class Lack:
    """Of one resource. CPU in thousandths, all else in whole units."""

    resource: str
    requested: int
    used: int
    capacity: int

    @property
    def message(self) -> str:
        amounts = f"requested: {self.requested}, used: {self.used}, capacity: {self.capacity}"
        return f"Node didn't have enough resource: {self.resource}, {amounts}"

    @property
    def reason(self) -> str:
        """Of a Pod that is rejected for it."""
        return f"OutOf{self.resource}" if self.resource in _NAMED else f"Insufficient{self.resource}"

    @property
    def missing(self) -> int:
        return self.requested - (self.capacity - self.used)


def lacks(pod: Object, others: Sequence[Object], node: Object) -> list[Lack]:
    """What the node has too little of for the Pod, in the scheduler's order.

    What the node does not know at all is another's business, or a device's, as long as it has a domain in its name.
    """
    allocatable = podresources.parsed((node.get("status") or {}).get("allocatable") or {})
    if not allocatable:
        return []
    found = []
    if len(others) + 1 > allocatable.get("pods", 0):
        found.append(Lack("pods", 1, len(others), allocatable.get("pods", 0)))
    requested = podresources.requests(pod)
    used = _sum(others)
    for name in sorted(requested, key=_order):
        if name not in allocatable and "/" in name:
            continue
        if requested[name] > allocatable.get(name, 0) - used.get(name, 0):
            found.append(Lack(name, requested[name], used.get(name, 0), allocatable.get(name, 0)))
    return found


def hopeless(pod: Object, node: Object) -> str:
    """Why the Pod would not fit on the empty node either; "" if it would."""
    capacity = podresources.parsed((node.get("status") or {}).get("capacity") or {})
    requested = podresources.requests(pod)
    for name in ("memory", "cpu"):
        if name in capacity and requested.get(name, 0) > capacity[name]:
            amounts = f"requested: {requested[name]}, capacity: {capacity[name]}"
            return f"Node didn't have enough capacity: {name}, {amounts}"
    return ""


def _sum(pods: Iterable[Object]) -> Counter[str]:
    total: Counter[str] = Counter()
    for pod in pods:
        total.update(podresources.requests(pod))
    return total


def _order(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
