"""The status of a Node, in a kubelet's words (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from operators._kube import conditions, meta, quantity
from operators._kube.meta import Object, Objects
from operators.node.facts import Image, Machine, Pressure

KUBELET_VERSION = "v1.36.0"
KUBELET_PORT = 10250
MOST_PODS = 250
MOST_IMAGES = 50
# Kept from Pods, as a kubelet's hard eviction thresholds are.
MEMORY_RESERVE = 100 << 20
STORAGE_RESERVE = 0.10
# A kubelet that has nothing new to say still reports this often.
REPORT_EVERY = timedelta(minutes=5)


def compute(node: Object, machine: Machine, pressure: Pressure, images: Iterable[Image], now: datetime) -> Object:
    """The whole status; conditions keep their times as long as nothing else of it changed within REPORT_EVERY."""
    old = node.get("status") or {}
    capacity = _capacity(machine)
    status: Object = {
        **old,
        "capacity": capacity,
        "allocatable": _allocatable(machine, capacity),
        "addresses": _addresses(machine),
        "nodeInfo": _node_info(machine),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "images": _images(images),
        "conditions": _conditions(conditions.of(node), machine, pressure, now),
    }
    is_same = _without_heartbeats(status) == _without_heartbeats(old)
    return old if is_same and not _is_stale(old, now) else status


def _capacity(machine: Machine) -> dict[str, str]:
    return {
        "cpu": str(machine.cpus),
        "ephemeral-storage": quantity.from_bytes(machine.storage),
        **{f"hugepages-{size}": _pages(total) for size, total in sorted(machine.huge_pages.items())},
        "memory": quantity.from_bytes(machine.memory),
        "pods": str(MOST_PODS),
    }


def _allocatable(machine: Machine, capacity: dict[str, str]) -> dict[str, str]:
    pages = sum(machine.huge_pages.values())
    return {
        **capacity,
        "ephemeral-storage": str(int(machine.storage * (1 - STORAGE_RESERVE))),
        "memory": quantity.from_bytes(max(machine.memory - pages - MEMORY_RESERVE, 0)),
    }


def _pages(total: int) -> str:
    return quantity.from_bytes(total) if total else "0"


def _addresses(machine: Machine) -> Objects:
    found = [{"type": "InternalIP", "address": address} for address in machine.addresses]
    return [*found, {"type": "Hostname", "address": machine.hostname}]


def _node_info(machine: Machine) -> Object:
    info: Object = {
        "architecture": machine.architecture,
        "bootID": machine.boot_id,
        "containerRuntimeVersion": f"podman://{machine.runtime}",
        "kernelVersion": machine.kernel,
        "kubeProxyVersion": "",
        "kubeletVersion": KUBELET_VERSION,
        "machineID": machine.machine_id,
        "operatingSystem": "linux",
        "osImage": machine.os_image,
        "systemUUID": machine.system_uuid,
    }
    return {**info, "swap": {"capacity": machine.swap}} if machine.swap else info


def _images(images: Iterable[Image]) -> Objects:
    named = (image for image in images if image.names)
    biggest = sorted(named, key=lambda image: (-image.size, image.names))[:MOST_IMAGES]
    return [{"names": list(image.names), "sizeBytes": image.size} for image in biggest]


def _conditions(old: Sequence[Object], machine: Machine, pressure: Pressure, now: datetime) -> Objects:
    found = list(old)
    for new in (
        _condition("MemoryPressure", pressure.memory, "KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"),
        _condition("DiskPressure", pressure.disk, "KubeletHasDiskPressure", "KubeletHasNoDiskPressure"),
        _condition("PIDPressure", pressure.pids, "KubeletHasInsufficientPID", "KubeletHasSufficientPID"),
        _ready(machine),
    ):
        found = conditions.put(found, new, now)
    stamp = meta.format_time(now)
    return [{**condition, "lastHeartbeatTime": stamp} for condition in found]


def _condition(type_: str, status: bool, bad: str, good: str) -> Object:
    reason = bad if status else good
    return conditions.make(type_, status, reason, _MESSAGES[reason])


_MESSAGES = {
    "KubeletHasInsufficientMemory": "kubelet has insufficient memory available",
    "KubeletHasSufficientMemory": "kubelet has sufficient memory available",
    "KubeletHasDiskPressure": "kubelet has disk pressure",
    "KubeletHasNoDiskPressure": "kubelet has no disk pressure",
    "KubeletHasInsufficientPID": "kubelet has insufficient PID available",
    "KubeletHasSufficientPID": "kubelet has sufficient PID available",
}


def _ready(machine: Machine) -> Object:
    if not machine.runtime:
        return conditions.make("Ready", False, "KubeletNotReady", "container runtime is down")
    return conditions.make("Ready", True, "KubeletReady", "kubelet is posting ready status")


def _without_heartbeats(status: Object) -> Object:
    plain = [
        {name: value for name, value in condition.items() if name != "lastHeartbeatTime"}
        for condition in status.get("conditions") or ()
    ]
    return {**status, "conditions": plain}


def _is_stale(status: Object, now: datetime) -> bool:
    times = [condition.get("lastHeartbeatTime") for condition in status.get("conditions") or ()]
    return not times or None in times or now - meta.parse_time(min(times)) >= REPORT_EVERY
