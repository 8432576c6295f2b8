"""What the node has given a Pod, which may be less than its spec asks for by now (pure). See KEP-1287."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

import orjson

from operators._kube import podresources
from operators.pod.sources import Object


@dataclass(frozen=True, slots=True)
class Allocation:
    """`resources` fields as they stand in a spec: of the Pod, and by name of each container."""

    whole: Object = field(default_factory=dict)
    containers: Mapping[str, Object] = field(default_factory=dict)


def of(pod: Object) -> Allocation:
    """What the Pod's spec asks for."""
    spec = pod["spec"]
    return Allocation(spec.get("resources") or {}, {c["name"]: c.get("resources") or {} for c in _every(spec)})


def applied(pod: Object, allocation: Allocation) -> Object:
    """The Pod as if its spec asked for what it has been given; the same object when it does."""
    if is_same(of(pod), allocation):
        return pod
    spec = dict(pod["spec"])
    if allocation.whole or "resources" in spec:
        spec["resources"] = allocation.whole
    for kind in ("initContainers", "containers"):
        if kind in spec:
            spec[kind] = [{**c, "resources": allocation.containers.get(c["name"], {})} for c in spec[kind]]
    return {**pod, "spec": spec}


def is_same(one: Allocation, other: Allocation) -> bool:
    """By amount: "1" is as much as "1000m"."""
    return (
        one.containers.keys() == other.containers.keys()
        and equal(one.whole, other.whole)
        and all(equal(one.containers[name], other.containers[name]) for name in one.containers)
    )


def equal(one: Object, other: Object) -> bool:
    """Of two `resources` fields."""
    return not differences(one, other)


def differences(one: Object, other: Object) -> set[tuple[str, str]]:
    """("limits", "memory") and the like, in which two `resources` fields differ."""
    found = set()
    for kind in ("requests", "limits"):
        a, b = podresources.parsed(one.get(kind) or {}), podresources.parsed(other.get(kind) or {})
        found |= {(kind, name) for name in {*a, *b} if a.get(name) != b.get(name)}
    return found


def dump(*allocations: Allocation) -> str:
    return orjson.dumps([asdict(allocation) for allocation in allocations]).decode()


def load(text: str) -> list[Allocation]:
    """What dump() wrote; [] for nothing, or for something else."""
    try:
        return [Allocation(**one) for one in orjson.loads(text)] if text else []
    except (orjson.JSONDecodeError, TypeError):
        return []


def _every(spec: Object) -> Iterator[Object]:
    yield from spec.get("initContainers") or ()
    yield from spec["containers"]
