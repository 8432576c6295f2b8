"""/metrics/cadvisor: figures of control groups and network interfaces under cAdvisor's names (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from operators.pod.endpoint.exposition import Family, Sample
from operators.pod.endpoint.readings import Reading
from operators.pod.resources.figures import Group, Interface, Io, Stall

_Labels = dict[str, str]

# name: (help, type, value of a group)
_GROUP: dict[str, tuple[str, str, Callable[[Group], float]]] = {
    "container_cpu_user_seconds_total": (
        "Cumulative user cpu time consumed in seconds.", "counter", lambda g: g.cpu.user / 1e9),
    "container_cpu_system_seconds_total": (
        "Cumulative system cpu time consumed in seconds.", "counter", lambda g: g.cpu.system / 1e9),
    "container_cpu_cfs_periods_total": (
        "Number of elapsed enforcement period intervals.", "counter", lambda g: g.cpu.periods),
    "container_cpu_cfs_throttled_periods_total": (
        "Number of throttled period intervals.", "counter", lambda g: g.cpu.throttled_periods),
    "container_cpu_cfs_throttled_seconds_total": (
        "Total time duration the container has been throttled.", "counter", lambda g: g.cpu.throttled / 1e9),
    "container_memory_usage_bytes": (
        "Current memory usage in bytes, including all memory regardless of when it was accessed", "gauge",
        lambda g: g.memory.usage),
    "container_memory_working_set_bytes": (
        "Current working set in bytes.", "gauge", lambda g: g.memory.working_set),
    "container_memory_rss": ("Size of RSS in bytes.", "gauge", lambda g: g.memory.rss),
    "container_memory_cache": ("Number of bytes of page cache memory.", "gauge", lambda g: g.memory.cache),
    "container_memory_mapped_file": (
        "Size of memory mapped files in bytes.", "gauge", lambda g: g.memory.mapped),
    "container_memory_swap": ("Container swap usage in bytes.", "gauge", lambda g: g.memory.swap),
    "container_memory_max_usage_bytes": (
        "Maximum memory usage recorded in bytes", "gauge", lambda g: g.memory.peak),
    "container_memory_failcnt": ("Number of memory usage hits limits", "counter", lambda g: g.memory.failures),
    "container_oom_events_total": (
        "Count of out of memory events observed for the container", "counter", lambda g: g.memory.oom_kills),
    "container_processes": ("Number of processes running inside the container.", "gauge", lambda g: g.processes),
    "container_threads": ("Number of threads running inside the container", "gauge", lambda g: g.threads),
    "container_threads_max": (
        "Maximum number of threads allowed inside the container, infinity if value is zero", "gauge",
        lambda g: g.processes_limit),
    "container_start_time_seconds": (
        "Start time of the container since unix epoch in seconds.", "gauge", lambda g: g.started),
    "container_last_seen": ("Last time a container was seen by the exporter", "gauge", lambda g: int(g.at)),
    "container_spec_memory_limit_bytes": ("Memory limit for the container.", "gauge", lambda g: g.memory.limit),
    "container_spec_memory_swap_limit_bytes": (
        "Memory swap limit for the container.", "gauge", lambda g: g.memory.swap_limit),
}  # fmt: skip

_IO: dict[str, tuple[str, Callable[[Io], int]]] = {
    "container_fs_reads_bytes_total": ("Cumulative count of bytes read", lambda io: io.read_bytes),
    "container_fs_writes_bytes_total": ("Cumulative count of bytes written", lambda io: io.write_bytes),
    "container_fs_reads_total": ("Cumulative count of reads completed", lambda io: io.reads),
    "container_fs_writes_total": ("Cumulative count of writes completed", lambda io: io.writes),
}

_NETWORK: dict[str, tuple[str, Callable[[Interface], int]]] = {
    "receive_bytes": ("Cumulative count of bytes received", lambda i: i.rx_bytes),
    "receive_packets": ("Cumulative count of packets received", lambda i: i.rx_packets),
    "receive_errors": ("Cumulative count of errors encountered while receiving", lambda i: i.rx_errors),
    "receive_packets_dropped": ("Cumulative count of packets dropped while receiving", lambda i: i.rx_dropped),
    "transmit_bytes": ("Cumulative count of bytes transmitted", lambda i: i.tx_bytes),
    "transmit_packets": ("Cumulative count of packets transmitted", lambda i: i.tx_packets),
    "transmit_errors": ("Cumulative count of errors encountered while transmitting", lambda i: i.tx_errors),
    "transmit_packets_dropped": ("Cumulative count of packets dropped while transmitting", lambda i: i.tx_dropped),
}

_STALLS = {
    "cpu some": ("container_pressure_cpu_waiting_seconds_total", "Total time duration tasks in the container have waited due to CPU congestion."),  # noqa: E501
    "cpu full": ("container_pressure_cpu_stalled_seconds_total", "Total time duration no tasks in the container could make progress due to CPU congestion."),  # noqa: E501
    "memory some": ("container_pressure_memory_waiting_seconds_total", "Total time duration tasks in the container have waited due to memory congestion."),  # noqa: E501
    "memory full": ("container_pressure_memory_stalled_seconds_total", "Total time duration no tasks in the container could make progress due to memory congestion."),  # noqa: E501
    "io some": ("container_pressure_io_waiting_seconds_total", "Total time duration tasks in the container have waited due to IO congestion."),  # noqa: E501
    "io full": ("container_pressure_io_stalled_seconds_total", "Total time duration no tasks in the container could make progress due to IO congestion."),  # noqa: E501
}  # fmt: skip


def families(reading: Reading, cgroups: Path) -> list[Family]:
    """cgroups: the root of the control groups, which `id` begins after."""
    groups = list(_groups(reading, cgroups))
    found = [
        Family(name, help, "counter" if type_ == "counter" else "gauge", _samples(groups, value))
        for name, (help, type_, value) in _GROUP.items()
    ]
    cpu = tuple(Sample(g.cpu.usage / 1e9, {**labels, "cpu": "total"}, _at(g)) for labels, g in groups)
    found.append(
        Family("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds.", "counter", cpu)
    )
    for name, (help, of_device) in _IO.items():
        samples = tuple(
            Sample(of_device(io), {**labels, "device": io.device}, _at(g)) for labels, g in groups for io in g.io
        )
        found.append(Family(name, help, "counter", samples))
    for kind, (name, help) in _STALLS.items():
        stalled = ((labels, g, g.stalls.get(kind)) for labels, g in groups)
        found.append(Family(name, help, "counter", tuple(_stall(*entry) for entry in stalled if entry[2] is not None)))
    return [*found, *_network(reading, cgroups), *_disks(reading, cgroups), *_machine(reading)]


def _groups(reading: Reading, cgroups: Path) -> Iterator[tuple[_Labels, Group]]:
    """The node, the groups of the system, each Pod, each container."""
    yield _labels("/"), reading.node
    for path, group in reading.systems.values():
        yield _labels(_id(path, cgroups)), group
    for pod in reading.pods:
        identity = pod.pod["metadata"]
        names = {"namespace": identity["namespace"], "pod": identity["name"]}
        yield _labels(_id(pod.used.slice_path, cgroups), **names), pod.used.group
        images = _images(pod.pod)
        for found in pod.used.containers:
            own = {"container": found.name, "image": images.get(found.name, ""), "name": found.id}
            yield _labels(_id(found.path, cgroups), **names, **own), found.group


def _labels(id: str, **others: str) -> _Labels:
    return {"container": "", "image": "", "name": "", "namespace": "", "pod": "", **others, "id": id}


def _id(path: Path, cgroups: Path) -> str:
    return f"/{path.relative_to(cgroups)}" if path.is_relative_to(cgroups) else str(path)


def _images(pod: Mapping[str, Any]) -> dict[str, str]:
    spec = pod["spec"]
    lists = (spec.get(name) or () for name in ("initContainers", "containers", "ephemeralContainers"))
    every = (container for entries in lists for container in entries)
    return {container["name"]: container.get("image", "") for container in every}


def _samples(groups: list[tuple[_Labels, Group]], value: Callable[[Group], float]) -> tuple[Sample, ...]:
    return tuple(Sample(value(group), labels, _at(group)) for labels, group in groups)


def _stall(labels: _Labels, group: Group, stall: Stall | None) -> Sample:
    assert stall is not None
    return Sample(stall.total / 1e9, labels, _at(group))


def _network(reading: Reading, cgroups: Path) -> Iterator[Family]:
    seen: list[tuple[_Labels, Interface, int]] = [
        (_labels("/"), interface, _at(reading.node)) for interface in reading.interfaces
    ]
    for pod in reading.pods:
        identity = pod.pod["metadata"]
        names = {"namespace": identity["namespace"], "pod": identity["name"]}
        labels = _labels(_id(pod.used.slice_path, cgroups), **names)
        seen += [(labels, interface, _at(pod.used.group)) for interface in pod.used.interfaces]
    for name, (help, value) in _NETWORK.items():
        samples = tuple(Sample(value(i), {**labels, "interface": i.name}, at) for labels, i, at in seen)
        yield Family(f"container_network_{name}_total", help, "counter", samples)


def _disks(reading: Reading, cgroups: Path) -> Iterator[Family]:
    used: list[Sample] = []
    limit: list[Sample] = []
    for pod in reading.pods:
        identity = pod.pod["metadata"]
        names = {"namespace": identity["namespace"], "pod": identity["name"]}
        for found in pod.used.containers:
            if (disk := pod.rootfs.get(found.name)) is not None:
                own = _labels(_id(found.path, cgroups), **names, container=found.name, name=found.id)
                used.append(Sample(disk.used, {**own, "device": "overlay"}, _at(found.group)))
                limit.append(Sample(disk.file_system.capacity, {**own, "device": "overlay"}, _at(found.group)))
    text = "Number of bytes that are consumed by the container on this filesystem."
    yield Family("container_fs_usage_bytes", text, "gauge", tuple(used))
    text = "Number of bytes that can be consumed by the container on this filesystem."
    yield Family("container_fs_limit_bytes", text, "gauge", tuple(limit))


def _machine(reading: Reading) -> Iterator[Family]:
    yield Family("machine_memory_bytes", "Amount of memory installed on the machine.", "gauge",
                 (Sample(reading.capacity),))  # fmt: skip
    yield Family("machine_cpu_cores", "Number of logical CPU cores.", "gauge", (Sample(reading.cpus),))
    text = "1 if there was an error while getting container metrics, 0 otherwise"
    yield Family("container_scrape_error", text, "gauge", (Sample(0),))


def _at(group: Group) -> int:
    return int(group.at * 1000)
