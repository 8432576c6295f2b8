"""/metrics: what a kubelet counts about itself and its Pods, under upstream's names (pure but for `process`)."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from operators.pod.endpoint.exposition import Family, Sample
from operators.pod.endpoint.readings import Disk, Reading

_STATES = {"running": "running", "terminated": "exited", "waiting": "created"}


def of_pods(node: str, version: str, pods: Iterable[Mapping[str, Any]]) -> list[Family]:
    containers = dict.fromkeys(_STATES.values(), 0)
    running = 0
    wanted: dict[str, int] = {}
    for pod in pods:
        status = pod.get("status") or {}
        is_up = False
        for kind in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
            for entry in status.get(kind) or ():
                state = next((name for name in _STATES if name in (entry.get("state") or {})), None)
                if state is not None:
                    containers[_STATES[state]] += 1
                    is_up = is_up or state == "running"
        running += is_up
        static = "true" if "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {}) else "false"
        if status.get("phase") not in ("Succeeded", "Failed"):
            wanted[static] = wanted.get(static, 0) + 1
    major, _, rest = version.removeprefix("v").partition(".")
    build = {"major": major, "minor": rest.partition(".")[0], "git_version": version, "platform": "linux"}
    return [
        Family(
            "kubelet_node_name",
            "[ALPHA] The node's name. The count is always 1.",
            "gauge",
            (Sample(1, {"node": node}),),
        ),
        Family(
            "kubelet_running_pods",
            "[BETA] Number of pods that have a running pod sandbox",
            "gauge",
            (Sample(running),),
        ),
        Family(
            "kubelet_running_containers",
            "[BETA] Number of containers currently running",
            "gauge",
            tuple(Sample(count, {"container_state": state}) for state, count in sorted(containers.items())),
        ),
        Family(
            "kubelet_desired_pods",
            "[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from "
            "the apiserver.",
            "gauge",
            tuple(Sample(count, {"static": static}) for static, count in sorted(wanted.items())),
        ),
        Family(
            "kubernetes_build_info",
            "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree "
            "state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is "
            "running.",
            "gauge",
            (Sample(1, build),),
        ),
    ]


def of_volumes(reading: Reading) -> list[Family]:
    """What the claims of this node's Pods have taken of their file systems."""
    found = [
        ({"namespace": pod.pod["metadata"]["namespace"], "persistentvolumeclaim": volume.claim}, volume.disk)
        for pod in reading.pods
        for volume in pod.volumes
        if volume.claim
    ]
    values: tuple[tuple[str, str, Callable[[Disk], int]], ...] = (
        ("capacity_bytes", "Capacity in bytes of the volume", lambda disk: disk.file_system.capacity),
        ("available_bytes", "Number of available bytes in the volume", lambda disk: disk.file_system.available),
        ("used_bytes", "Number of used bytes in the volume", lambda disk: disk.used),
        ("inodes", "Maximum number of inodes in the volume", lambda disk: disk.file_system.inodes),
        ("inodes_free", "Number of free inodes in the volume", lambda disk: disk.file_system.inodes_free),
        ("inodes_used", "Number of used inodes in the volume", lambda disk: disk.inodes_used),
    )
    return [
        Family(
            f"kubelet_volume_stats_{name}",
            f"[ALPHA] {help}",
            "gauge",
            tuple(Sample(value(disk), labels) for labels, disk in found),
        )
        for name, help, value in values
    ]


def of_process() -> list[Family]:
    """What Prometheus' clients tell of the process they are in."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = Path("/proc/self/statm").read_text().split()
    size = os.sysconf("SC_PAGE_SIZE")
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    up = float(Path("/proc/uptime").read_text().split()[0])
    started = time.time() - up + ticks / os.sysconf("SC_CLK_TCK")
    values: tuple[tuple[str, str, float], ...] = (
        (
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            used.ru_utime + used.ru_stime,
        ),
        ("process_resident_memory_bytes", "Resident memory size in bytes.", int(pages[1]) * size),
        ("process_virtual_memory_bytes", "Virtual memory size in bytes.", int(pages[0]) * size),
        ("process_open_fds", "Number of open file descriptors.", len(list(Path("/proc/self/fd").iterdir()))),
        ("process_max_fds", "Maximum number of open file descriptors.", resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        ("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", round(started, 2)),
    )
    return [
        Family(name, help, "counter" if name.endswith("_total") else "gauge", (Sample(value),))
        for name, help, value in values
    ]
