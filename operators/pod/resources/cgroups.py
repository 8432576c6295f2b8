"""Requests and limits as values of cgroup v2 (pure), as kubelet computes them for Pods and containers."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from operators._kube import podresources
from operators.pod.sources import Object

PERIOD = 100_000  # microseconds: the time over which a CPU limit holds
KEEPER = 32 << 20  # bytes for each container: podman's start was measured at 14 MB
_LEAST_QUOTA = 1_000
_LEAST_SHARES, _MOST_SHARES = 2, 262_144
_HUGE = "hugepages-"


@dataclass(frozen=True, slots=True)
class Values:
    """What a control group is given. None: no limit.

    weight: cpu.weight. quota: microseconds in each PERIOD. memory: bytes. huge_pages: bytes by the kernel's name of
    the size ("2MB").
    """

    weight: int = 1
    quota: int | None = None
    memory: int | None = None
    huge_pages: Mapping[str, int] = field(default_factory=dict)


def of_container(pod: Object, spec: Object) -> Values:
    """A container's own. One without a CPU request weighs as little as can be, or as much as its limit says."""
    requests, limits = podresources.amounts(spec, "requests"), podresources.amounts(spec, "limits")
    shares = shares_of(requests.get("cpu") or limits.get("cpu") or 0)
    # What limits the Pod as a whole also limits each of its containers that says nothing itself; see KEP-2837.
    whole = podresources.amounts(pod["spec"], "limits")
    cpu, memory = limits.get("cpu") or whole.get("cpu", 0), limits.get("memory") or whole.get("memory", 0)
    return Values(weight_of(shares), quota_of(cpu), memory or None, _huge(limits))


def of_pod(pod: Object, qos: str) -> Values:
    """The Pod's: of the sum of what its containers request; limited only when all of them are, or the Pod itself."""
    requests, limits = podresources.requests(pod), podresources.limits(pod)
    shares = _LEAST_SHARES if qos == "BestEffort" else shares_of(requests.get("cpu", 0))
    cpu = limits.get("cpu", 0) if podresources.are_limited(pod, "cpu") else 0
    memory = limits.get("memory", 0) if podresources.are_limited(pod, "memory") else 0
    return Values(weight_of(shares), quota_of(cpu), memory or None, _huge(limits))


def of_slice(pod: Object, qos: str) -> Values:
    """The Pod's slice: what holds for the Pod, and memory for those who look after its containers in there.

    podman's start and its clean-up run in the slice, which no container's limit must keep from doing their work.
    """
    values = of_pod(pod, qos)
    if values.memory is None:
        return values
    spec = pod["spec"]
    containers = len(spec["containers"]) + len(spec.get("initContainers") or ())
    return replace(values, memory=values.memory + KEEPER * containers)


def shares_of(millicores: int) -> int:
    """The older scale, in which one CPU is 1024."""
    return max(_LEAST_SHARES, millicores * 1024 // 1000)


def weight_of(shares: int) -> int:
    """cpu.weight, so that 2, 1024 and 262144 shares are 1, 100 and 10000: as OCI runtimes have it since 2025."""
    if shares <= _LEAST_SHARES:
        return 1
    if shares >= _MOST_SHARES:
        return 10_000
    log = math.log2(shares)
    return math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))


def quota_of(millicores: int) -> int | None:
    return max(_LEAST_QUOTA, millicores * PERIOD // 1000) if millicores else None


def files(values: Values, *, is_payload: bool = False) -> Iterator[tuple[str, str]]:
    """(file, text) of a control group. `is_payload`: of a container's own processes, which are killed together."""
    yield "cpu.weight", str(values.weight)
    yield "cpu.max", f"{values.quota or 'max'} {PERIOD}"
    if is_payload:
        # Either file refuses a value that the other does not allow yet; swap is none, as kubelet has it by default.
        yield "memory.swap.max", "0" if values.memory else "max"
    yield "memory.max", str(values.memory or "max")
    for size, limit in values.huge_pages.items():
        yield f"hugetlb.{size}.max", str(limit)


def properties(values: Values) -> list[tuple[str, str]]:
    """The same in a unit of systemd, which knows no huge pages; see systemd.resource-control(5)."""
    lines = [("CPUWeight", str(values.weight))]
    if values.quota is not None:
        lines.append(("CPUQuota", f"{_percent(values.quota)}%"))
    if values.memory is not None:
        lines.append(("MemoryMax", str(values.memory)))
    return lines


def _percent(quota: int) -> str:
    whole, rest = divmod(quota * 100, PERIOD)
    return f"{whole}.{rest * 100 // PERIOD:02d}" if rest else str(whole)


def _huge(limits: Mapping[str, int]) -> dict[str, int]:
    return {_kernel_name(name): limit for name, limit in limits.items() if name.startswith(_HUGE)}


def _kernel_name(resource: str) -> str:
    """ "hugepages-2Mi" -> "2MB"."""
    return resource.removeprefix(_HUGE).removesuffix("i") + "B"
