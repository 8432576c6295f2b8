"""/stats/summary: a reading in the shape of kubelet's stats/v1alpha1 Summary (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from operators._kube import meta
from operators.pod.endpoint.readings import Disk, PodReading, Reading, Volume
from operators.pod.resources.figures import FileSystem, Group, Interface

_Object = dict[str, Any]


def compute(name: str, reading: Reading, *, only_cpu_and_memory: bool = False) -> _Object:
    """cpu and memory alone, or everything."""
    at = _time(reading.node.at)
    node: _Object = {
        "nodeName": name,
        "systemContainers": [
            {
                "name": system,
                "startTime": _time(group.started),
                "cpu": cpu(group, reading.cores.get(str(path))),
                "memory": memory(group),
            }
            for system, (path, group) in sorted(reading.systems.items())
        ],
        "startTime": _time(reading.node.started),
        "cpu": cpu(reading.node, reading.cores.get("")),
        "memory": memory(reading.node, limit=reading.capacity),
    }
    if not only_cpu_and_memory:
        node |= {
            **_io(reading.node),
            "network": network(reading.interfaces, reading.node.at),
            "fs": _file_system(reading.root, at),
            "runtime": {"imageFs": _file_system(reading.images, at), "containerFs": _file_system(reading.images, at)},
            "rlimit": {"time": at, "maxpid": reading.most_processes, "curproc": reading.node.processes},
            "swap": _swap(reading.node),
        }
    return {"node": node, "pods": [_pod(pod, reading.cores, only_cpu_and_memory) for pod in reading.pods]}


def _pod(reading: PodReading, cores: Mapping[str, int], only_cpu_and_memory: bool) -> _Object:
    identity, group = reading.pod["metadata"], reading.used.group
    result: _Object = {
        "podRef": {"name": identity["name"], "namespace": identity["namespace"], "uid": identity["uid"]},
        "startTime": (reading.pod.get("status") or {}).get("startTime") or _time(group.started),
        "containers": [],
        "cpu": cpu(group, cores.get(str(reading.used.slice_path))),
        "memory": memory(group),
    }
    for found in reading.used.containers:
        container: _Object = {
            "name": found.name,
            "startTime": _time(found.group.started),
            "cpu": cpu(found.group, cores.get(str(found.path))),
            "memory": memory(found.group, limit=found.group.memory.limit),
        }
        if not only_cpu_and_memory:
            at = _time(found.group.at)
            container |= {**_io(found.group), "swap": _swap(found.group)}
            container["rootfs"] = _disk(reading.rootfs[found.name], at) if found.name in reading.rootfs else {}
            container["logs"] = _disk(reading.logs[found.name], at) if found.name in reading.logs else {}
        result["containers"].append(container)
    if not only_cpu_and_memory:
        result |= _rest(reading)
    return result


def _rest(reading: PodReading) -> _Object:
    group = reading.used.group
    at = _time(group.at)
    own = [*reading.logs.values(), *reading.rootfs.values(), *(v.disk for v in reading.volumes if not v.claim)]
    rest: _Object = {**_io(group), "process_stats": {"process_count": group.processes}, "swap": _swap(group)}
    if reading.used.interfaces:
        rest["network"] = network(reading.used.interfaces, group.at)
    if reading.volumes:
        rest["volume"] = [_volume(volume, reading, at) for volume in reading.volumes]
    if own:
        total = {"usedBytes": sum(disk.used for disk in own), "inodesUsed": sum(disk.inodes_used for disk in own)}
        rest["ephemeral-storage"] = {**_file_system(own[0].file_system, at), **total}
    return rest


def _volume(volume: Volume, reading: PodReading, at: str) -> _Object:
    result = {**_disk(volume.disk, at), "name": volume.name}
    if volume.claim:
        result["pvcRef"] = {"name": volume.claim, "namespace": reading.pod["metadata"]["namespace"]}
    return result


def cpu(group: Group, nanocores: int | None) -> _Object:
    result: _Object = {"time": _time(group.at)}
    if nanocores is not None:
        result["usageNanoCores"] = nanocores
    return {**result, "usageCoreNanoSeconds": group.cpu.usage, **_psi(group, "cpu")}


def memory(group: Group, limit: int = 0) -> _Object:
    """limit: in bytes; 0: none, and then nothing is said of what is available."""
    used = group.memory
    result: _Object = {"time": _time(group.at)}
    if limit:
        result["availableBytes"] = max(0, limit - used.working_set)
    return {
        **result,
        "usageBytes": used.usage,
        "workingSetBytes": used.working_set,
        "rssBytes": used.rss,
        "pageFaults": used.page_faults,
        "majorPageFaults": used.major_page_faults,
        **_psi(group, "memory"),
    }


def network(interfaces: tuple[Interface, ...], at: float) -> _Object:
    """The default interface's figures stand at the top; it is the one named eth0, else the first."""
    every = [
        {
            "name": found.name,
            "rxBytes": found.rx_bytes,
            "rxErrors": found.rx_errors,
            "txBytes": found.tx_bytes,
            "txErrors": found.tx_errors,
        }
        for found in interfaces
    ]
    main = next((found for found in every if found["name"] == "eth0"), every[0] if every else {"name": ""})
    return {"time": _time(at), **main, "interfaces": every}


def _swap(group: Group) -> _Object:
    used = group.memory
    result: _Object = {"time": _time(group.at)}
    if used.swap_limit:
        result["swapAvailableBytes"] = max(0, used.swap_limit - used.swap)
    return {**result, "swapUsageBytes": used.swap}


def _io(group: Group) -> _Object:
    psi = _psi(group, "io")
    return {"io": {"time": _time(group.at), **psi}} if psi else {}


def _psi(group: Group, what: str) -> _Object:
    found = {
        kind: {"total": stall.total, "avg10": stall.avg10, "avg60": stall.avg60, "avg300": stall.avg300}
        for kind in ("full", "some")
        if (stall := group.stalls.get(f"{what} {kind}")) is not None
    }
    return {"psi": found} if found else {}


def _disk(disk: Disk, at: str) -> _Object:
    return {**_file_system(disk.file_system, at), "usedBytes": disk.used, "inodesUsed": disk.inodes_used}


def _file_system(found: FileSystem, at: str) -> _Object:
    return {
        "time": at,
        "availableBytes": found.available,
        "capacityBytes": found.capacity,
        "usedBytes": found.used,
        "inodesFree": found.inodes_free,
        "inodes": found.inodes,
        "inodesUsed": found.inodes_used,
    }


def _time(seconds: float) -> str:
    return meta.format_time(datetime.fromtimestamp(seconds, UTC))
