"""Requests and limits as words of `podman run` (pure)."""

from collections.abc import Iterator

from operators._kube import quantity
from operators.pod.sources import Object
from operators.pod.units.parts import Machine


def words(spec: Object, machine: Machine) -> Iterator[str]:
    """Limits, where the node has the cgroup controller for them; podman refuses to start without it."""
    yield "--ulimit=host"
    yield "--pids-limit=-1" if "pids" in machine.controllers else "--pids-limit=0"
    resources = spec.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if "memory" in machine.controllers and "memory" in limits:
        amount = int(quantity.parse(str(limits["memory"])))
        yield from (f"--memory={amount}b", f"--memory-swap={amount}b", "--cgroup-conf=memory.oom.group=1")
    if "cpu" in machine.controllers:
        if "cpu" in limits:
            yield from (
                "--cpu-period=100000",
                f"--cpu-quota={max(1000, int(quantity.parse(str(limits['cpu'])) * 100000))}",
            )
        if requested := requests.get("cpu", limits.get("cpu")):
            yield f"--cpu-shares={max(2, int(quantity.parse(str(requested)) * 1024))}"


def limits_ignored(pod: Object, machine: Machine) -> list[str]:
    """The resources that some container limits but this node has no cgroup controller for."""
    spec = pod["spec"]
    containers = (*(spec.get("initContainers") or ()), *spec["containers"])
    limited = {name for c in containers for name in ((c.get("resources") or {}).get("limits") or {})}
    return sorted(limited & {"cpu", "memory"} - machine.controllers)
