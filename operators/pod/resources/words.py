"""Requests and limits as words of `podman run` (pure)."""

from collections.abc import Iterator

from operators.pod.resources import cgroups, oom
from operators.pod.sources import Object
from operators.pod.status import qos
from operators.pod.units.parts import Machine


def words(pod: Object, spec: Object, machine: Machine) -> Iterator[str]:
    """Limits, where the node has the cgroup controller for them; podman refuses to start without it."""
    yield "--ulimit=host"
    yield "--pids-limit=-1" if "pids" in machine.controllers else "--pids-limit=0"
    values = cgroups.of_container(pod, spec)
    if "memory" in machine.controllers:
        # One process of a container that is out of memory is not ended without the others.
        yield "--cgroup-conf=memory.oom.group=1"
        if values.memory is not None:
            yield from (f"--memory={values.memory}b", f"--memory-swap={values.memory}b")
    if "cpu" in machine.controllers:
        if values.quota is not None:
            yield from (f"--cpu-period={cgroups.PERIOD}", f"--cpu-quota={values.quota}")
        # Not --cpu-shares, which older runtimes turn into weights of another scale.
        yield f"--cgroup-conf=cpu.weight={values.weight}"
    if "hugetlb" in machine.controllers:
        yield from (f"--cgroup-conf=hugetlb.{size}.max={limit}" for size, limit in values.huge_pages.items())
    score = oom.score(pod, spec, qos.compute(pod), machine.memory)
    if score >= 0 or machine.can_lower_oom_scores:
        yield f"--oom-score-adj={score}"


def limits_ignored(pod: Object, machine: Machine) -> list[str]:
    """The resources that some container limits but this node has no cgroup controller for."""
    spec = pod["spec"]
    containers = (spec, *(spec.get("initContainers") or ()), *spec["containers"])
    limited = {name for c in containers for name in ((c.get("resources") or {}).get("limits") or {})}
    return sorted(limited & {"cpu", "memory"} - machine.controllers)
