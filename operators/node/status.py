"""The status of a Node, in a kubelet's words (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from operators._kube import conditions, meta, quantity
from operators._kube.meta import Object, Objects
from operators.node import info
from operators.node.facts import Image, Machine, Pressure

KUBELET_PORT = 10250
MOST_PODS = 250
# Without one of these, what limits it for a Pod does nothing.
CONTROLLERS = ("cpu", "memory", "pids")
# A kubelet that has nothing new to say still reports this often.
REPORT_EVERY = timedelta(minutes=5)


def compute(
    node: Object,
    machine: Machine,
    pressure: Pressure,
    images: Iterable[Image],
    now: datetime,
    *,
    is_shutting_down: bool = False,
) -> Object:
    """The whole status; conditions keep their times as long as nothing else of it changed within REPORT_EVERY."""
    old = node.get("status") or {}
    capacity = _extended(old) | _capacity(machine)
    status: Object = {
        **old,
        "capacity": capacity,
        "allocatable": _allocatable(machine, capacity),
        "addresses": info.addresses(machine),
        "nodeInfo": info.node_info(machine),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "images": info.images(images),
        "runtimeHandlers": info.runtime_handlers(machine),
        "features": {"supplementalGroupsPolicy": True},
        "conditions": _conditions(conditions.of(node), machine, pressure, now, is_shutting_down),
    }
    is_same = _without_heartbeats(status) == _without_heartbeats(old)
    return old if is_same and not _is_stale(old, now) else status


def _extended(old: Object) -> dict[str, str]:
    """Resources that somebody else counts for this node, by names of a domain of theirs: they stay."""
    return {name: amount for name, amount in (old.get("capacity") or {}).items() if "/" in name}


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
        "ephemeral-storage": str(max(machine.storage - machine.storage_reserve, 0)),
        "memory": quantity.from_bytes(max(machine.memory - pages - machine.memory_reserve, 0)),
    }


def _pages(total: int) -> str:
    return quantity.from_bytes(total) if total else "0"


def _conditions(
    old: Sequence[Object], machine: Machine, pressure: Pressure, now: datetime, is_shutting_down: bool
) -> Objects:
    found = list(old)
    ours: tuple[Object, ...] = (
        _condition("MemoryPressure", pressure.memory, "KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"),
        _condition("DiskPressure", pressure.disk, "KubeletHasDiskPressure", "KubeletHasNoDiskPressure"),
        _condition("PIDPressure", pressure.pids, "KubeletHasInsufficientPID", "KubeletHasSufficientPID"),
        _ready(machine, is_shutting_down),
    )
    missing = _missing_controllers(machine)
    if missing["status"] == "True" or conditions.get(old, missing["type"]):
        ours = (*ours, missing)
    for new in ours:
        found = conditions.put(found, new, now)
    stamp, types = meta.format_time(now), {new["type"] for new in ours}
    return [{**c, "lastHeartbeatTime": stamp} if c.get("type") in types else c for c in found]


def _condition(type_: str, status: bool, bad: str, good: str) -> Object:
    reason = bad if status else good
    return conditions.make(type_, status, reason, _MESSAGES[reason])


def _missing_controllers(machine: Machine) -> Object:
    """There only on a machine that lacks one, or did."""
    missing = [name for name in CONTROLLERS if name not in machine.controllers]
    if not missing:
        return conditions.make("CgroupControllersMissing", False, "ControllersPresent", "all limits are enforced")
    message = f"no cgroup v2 controller for {', '.join(missing)}: requests and limits of it are not enforced"
    return conditions.make("CgroupControllersMissing", True, "ControllersMissing", message)


_MESSAGES = {
    "KubeletHasInsufficientMemory": "kubelet has insufficient memory available",
    "KubeletHasSufficientMemory": "kubelet has sufficient memory available",
    "KubeletHasDiskPressure": "kubelet has disk pressure",
    "KubeletHasNoDiskPressure": "kubelet has no disk pressure",
    "KubeletHasInsufficientPID": "kubelet has insufficient PID available",
    "KubeletHasSufficientPID": "kubelet has sufficient PID available",
}


def _ready(machine: Machine, is_shutting_down: bool) -> Object:
    faults = [] if machine.runtime else ["container runtime is down"]
    faults += ["node is shutting down"] if is_shutting_down else []
    if faults:
        message = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
        return conditions.make("Ready", False, "KubeletNotReady", message)
    return conditions.make("Ready", True, "KubeletReady", "kubelet is posting ready status")


def _without_heartbeats(status: Object) -> Object:
    plain = [
        {name: value for name, value in condition.items() if name != "lastHeartbeatTime"}
        for condition in status.get("conditions") or ()
    ]
    return {**status, "conditions": plain}


def _is_stale(status: Object, now: datetime) -> bool:
    ready = conditions.get(status.get("conditions") or (), "Ready") or {}
    reported = ready.get("lastHeartbeatTime")
    return reported is None or now - meta.parse_time(reported) >= REPORT_EVERY
