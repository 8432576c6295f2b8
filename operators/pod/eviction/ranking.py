"""Whom to evict first (pure). See the Kubernetes page "Node-pressure Eviction", section "Pod selection"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from operators._kube import podresources
from operators.pod.resources import priority
from operators.pod.sources import Object


@dataclass(frozen=True, slots=True)
class Usage:
    """What a Pod uses, by resource ("memory", "ephemeral-storage", "inodes", "pids"), also by container."""

    whole: Mapping[str, int] = field(default_factory=dict)
    containers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def rank(pods: Sequence[Object], resource: str, usage: Mapping[str, Usage]) -> list[Object]:
    """The first is to go first: who uses more than it requests, then by priority, then by how much more.

    `usage`: by UID; a Pod of which nothing is known goes before others.
    """
    return sorted(pods, key=lambda pod: _key(pod, resource, usage.get(pod["metadata"]["uid"])))


def _key(pod: Object, resource: str, usage: Usage | None) -> tuple[bool, bool, int, int]:
    if usage is None:
        return (False, False, priority.of(pod), 0)
    used, requested = usage.whole.get(resource, 0), 0
    if resource == "pids":
        return (True, False, priority.of(pod), -used)
    if resource != "inodes":
        requested = podresources.requests(pod).get(resource, 0)
    return (True, used <= requested, priority.of(pod), requested - used)


def to_preempt(pods: Sequence[Object], missing: Mapping[str, int]) -> list[Object] | None:
    """The fewest and least Pods whose requests make up for what is missing; None: all together would not.

    BestEffort Pods go before Burstable ones, and those before Guaranteed ones. `pods`: those that may be ended, with
    their class in status.qosClass.
    """
    if _left(missing, pods):
        return None
    classes = [[pod for pod in pods if _class(pod) == name] for name in ("BestEffort", "Burstable", "Guaranteed")]
    best_effort, burstable, guaranteed = classes
    last = _closest(guaranteed, _left(missing, [*best_effort, *burstable]))
    second = _closest(burstable, _left(missing, [*best_effort, *last]))
    first = _closest(best_effort, _left(missing, [*second, *last]))
    return [*first, *second, *last]


def _class(pod: Object) -> str:
    return str((pod.get("status") or {}).get("qosClass") or "BestEffort")


def _closest(pods: Sequence[Object], missing: Mapping[str, int]) -> list[Object]:
    """One after the other, always the Pod that comes closest to what is still missing; of two such, the smaller."""
    rest, chosen = list(pods), []
    while missing and rest:
        best = min(rest, key=lambda pod: (_distance(pod, missing), _size(pod)))
        rest.remove(best)
        chosen.append(best)
        missing = _left(missing, [best])
    return chosen


def _left(missing: Mapping[str, int], pods: Sequence[Object]) -> dict[str, int]:
    left = {name: amount - sum(_request(pod, name) for pod in pods) for name, amount in missing.items()}
    return {name: amount for name, amount in left.items() if amount > 0}


def _distance(pod: Object, missing: Mapping[str, int]) -> float:
    short = {name: max(0, amount - _request(pod, name)) / amount for name, amount in missing.items()}
    return sum(share * share for share in short.values())


def _size(pod: Object) -> tuple[int, int]:
    requests = podresources.requests(pod)
    return (requests.get("memory", 0), requests.get("cpu", 0))


def _request(pod: Object, name: str) -> int:
    return 1 if name == "pods" else podresources.requests(pod).get(name, 0)
