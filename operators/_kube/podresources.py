"""What a Pod asks of a node and what limits it (pure). CPU is counted in thousandths, all else in whole units.

See the Kubernetes page "Sidecar Containers", section "Resource sharing within containers", and KEP-2837 for resources
of the Pod itself.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from operators._kube import conditions, quantity

_CPU = "cpu"
#: What can be given to the Pod as a whole; of anything else only the containers' sum counts.
_OF_PODS = ("cpu", "memory")
_HUGE = "hugepages-"


def requests(pod: Mapping[str, Any]) -> Counter[str]:
    """What the node must set aside for the Pod: of its spec alone."""
    return _total(pod, "requests", lambda container: amounts(container, "requests"))


def reserved(pod: Mapping[str, Any]) -> Counter[str]:
    """The same while the Pod may be between two sizes: the larger of what it asks for and what it has been given.

    A size that the node can never give (condition PodResizePending, Infeasible) does not count. See KEP-1287.
    """
    given = _given(pod)
    if not given:
        return requests(pod)
    pending = conditions.get(conditions.of(pod), "PodResizePending")
    is_infeasible = pending is not None and pending.get("reason") == "Infeasible"

    def of(container: Mapping[str, Any]) -> Counter[str]:
        asked, has = amounts(container, "requests"), given.get(container["name"])
        if has is None:
            return asked
        return has if is_infeasible else asked | has

    return _total(pod, "requests", of)


def limits(pod: Mapping[str, Any]) -> Counter[str]:
    """The sum of what containers may use, or the Pod's own limit; a resource that nothing limits is left out.

    A Pod of which only some containers are limited has a sum too, although it is not limited: see are_limited().
    """
    return _total(pod, "limits", lambda container: amounts(container, "limits"))


def are_limited(pod: Mapping[str, Any], name: str) -> bool:
    """Whether limits() really holds for a resource: it is the Pod's own limit, or every container has one."""
    spec = pod["spec"]
    if amounts(spec, "limits").get(name):
        return True
    every = (*(spec.get("initContainers") or ()), *spec["containers"])
    return all(amounts(container, "limits").get(name) for container in every)


def amounts(holder: Mapping[str, Any], kind: str) -> Counter[str]:
    """`kind`: "requests" or "limits" of a container or of the Pod's spec."""
    return parsed((holder.get("resources") or {}).get(kind) or {})


def parsed(given: Mapping[str, Any]) -> Counter[str]:
    """A ResourceList as numbers."""
    return Counter({name: whole(name, str(amount)) for name, amount in given.items()})


@functools.lru_cache(maxsize=1024)
def whole(name: str, amount: str) -> int:
    """One quantity; 0 for what is none, which the API does not let in."""
    try:
        return quantity.milli(amount) if name == _CPU else quantity.value(amount)
    except ValueError:
        return 0


def _total(pod: Mapping[str, Any], kind: str, of: Callable[[Mapping[str, Any]], Counter[str]]) -> Counter[str]:
    spec = pod["spec"]
    running: Counter[str] = Counter()
    for container in spec.get("containers") or ():
        running.update(of(container))
    sidecars: Counter[str] = Counter()
    peak: Counter[str] = Counter()
    for container in spec.get("initContainers") or ():
        needed = of(container)
        if container.get("restartPolicy") == "Always":
            sidecars.update(needed)
            peak |= sidecars
        else:
            peak |= sidecars + needed
    total = (running + sidecars) | peak
    for name, amount in amounts(spec, kind).items():
        if name in _OF_PODS or name.startswith(_HUGE):
            total[name] = amount
    for name, amount in parsed(spec.get("overhead") or {}).items():
        if kind == "requests" or total.get(name):
            total[name] += amount
    return +total


def _given(pod: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """By container: what the kubelet says it has; a container without such a word is not in it."""
    status = pod.get("status") or {}
    entries: Iterable[Mapping[str, Any]] = (
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    )
    found = {}
    for entry in entries:
        actual = amounts(entry, "requests")
        allocated = parsed(entry.get("allocatedResources") or {})
        if actual or allocated:
            found[str(entry["name"])] = actual | allocated
    return found
