"""/metrics/resource: what metrics-server and autoscalers read, under upstream's names (pure)."""

from __future__ import annotations

from operators.pod.endpoint.exposition import Family, Sample
from operators.pod.endpoint.readings import Reading
from operators.pod.resources.figures import Group

# name after the prefix: (help, counter or gauge, what of a group)
_CPU = ("cpu_usage_seconds_total", "[STABLE] Cumulative cpu time consumed by the {} in core-seconds")
_MEMORY = ("memory_working_set_bytes", "[STABLE] Current working set of the {} in bytes")
_SWAP = (
    "swap_usage_bytes",
    "[BETA] Current amount of the {} swap usage in bytes. Reported only on non-windows systems",
)
_SWAP_LIMIT = (
    "container_swap_limit_bytes",
    "[BETA] Current amount of the container swap limit in bytes. Reported only on non-windows systems",
)
_START = ("container_start_time_seconds", "[STABLE] Start time of the container since unix epoch in seconds")
_ERROR = (
    "resource_scrape_error",
    "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
)

_Labelled = tuple[dict[str, str], Group]


def families(reading: Reading) -> list[Family]:
    """resource_scrape_error is always 0: what can't be read fails as a whole."""
    pods: list[_Labelled] = []
    containers: list[_Labelled] = []
    for pod in reading.pods:
        identity = pod.pod["metadata"]
        names = {"namespace": identity["namespace"], "pod": identity["name"]}
        pods.append((names, pod.used.group))
        containers += [({**names, "container": found.name}, found.group) for found in pod.used.containers]
    started = tuple(Sample(group.started, labels) for labels, group in containers)
    limits = tuple(
        Sample(group.memory.swap_limit, labels, _at(group)) for labels, group in containers if group.memory.swap_limit
    )
    return [
        *_of("node", [({}, reading.node)]),
        *_of("pod", pods),
        *_of("container", containers),
        Family(*_START, "gauge", started),
        Family(*_SWAP_LIMIT, "gauge", limits),
        Family(*_ERROR, "gauge", (Sample(0),)),
    ]


def _of(kind: str, found: list[_Labelled]) -> list[Family]:
    cpu = tuple(Sample(group.cpu.usage / 1e9, labels, _at(group)) for labels, group in found)
    memory = tuple(Sample(group.memory.working_set, labels, _at(group)) for labels, group in found)
    swap = tuple(Sample(group.memory.swap, labels, _at(group)) for labels, group in found)
    return [
        Family(f"{kind}_{_CPU[0]}", _CPU[1].format(kind), "counter", cpu),
        Family(f"{kind}_{_MEMORY[0]}", _MEMORY[1].format(kind), "gauge", memory),
        Family(f"{kind}_{_SWAP[0]}", _SWAP[1].format(kind), "gauge", swap),
    ]


def _at(group: Group) -> int:
    return int(group.at * 1000)
