"""What a machine is running out of: kubelet's eviction signals and their hard thresholds. Reading blocks.

See the Kubernetes page "Node-pressure Eviction", section "Eviction signals".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from operators._kube import quantity

NODE_FS = Path("/var/lib/ukube")
IMAGE_FS = Path("/var/lib/containers/storage")
_PROC = Path("/proc")

#: Signal -> (resource that is reclaimed, node condition that tells).
KNOWN = {
    "memory.available": ("memory", "MemoryPressure"),
    "nodefs.available": ("ephemeral-storage", "DiskPressure"),
    "nodefs.inodesFree": ("inodes", "DiskPressure"),
    "imagefs.available": ("ephemeral-storage", "DiskPressure"),
    "imagefs.inodesFree": ("inodes", "DiskPressure"),
    "pid.available": ("pids", "PIDPressure"),
}
DEFAULT = "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%"
VARIABLE = "UKUBE_EVICTION_HARD"


@dataclass(frozen=True, slots=True)
class Signal:
    """One of KNOWN, as it stands. threshold: in the units of available."""

    name: str
    available: int
    capacity: int
    threshold: int

    @property
    def resource(self) -> str:
        return KNOWN[self.name][0]

    @property
    def condition(self) -> str:
        return KNOWN[self.name][1]

    @property
    def is_met(self) -> bool:
        """Whether there is less than the threshold asks for."""
        return self.available < self.threshold


def thresholds(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Signal -> quantity or percentage, as kubelet's --eviction-hard. Raises ValueError for anything else."""
    text = (os.environ if environment is None else environment).get(VARIABLE) or DEFAULT
    found = {}
    for statement in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = statement.partition("<")
        if name not in KNOWN or not separator:
            raise ValueError(f"{VARIABLE}: {statement!r} is not SIGNAL<QUANTITY with one of {', '.join(KNOWN)}")
        amount(value, 1)
        found[name] = value
    return found


def amount(threshold: str, capacity: int) -> int:
    """A threshold of so much capacity. Raises ValueError."""
    if threshold.endswith("%"):
        return int(capacity * float(threshold.removesuffix("%")) / 100)
    return quantity.value(threshold)


def read(wanted: Mapping[str, str], cgroups: Path = Path("/sys/fs/cgroup")) -> tuple[Signal, ...]:
    """Those of the wanted signals that this machine has, memory first."""
    seen = dict(_observations(cgroups))
    return tuple(
        Signal(name, *seen[name], amount(wanted[name], seen[name][1]))
        for name in KNOWN
        if name in wanted and name in seen
    )


def memory_reserve(wanted: Mapping[str, str], capacity: int) -> int:
    """Bytes that are never given to Pods, so that the threshold is not met before they have all that is theirs."""
    return amount(wanted["memory.available"], capacity) if "memory.available" in wanted else 0


def storage_reserve(wanted: Mapping[str, str], capacity: int) -> int:
    return amount(wanted["nodefs.available"], capacity) if "nodefs.available" in wanted else 0


def _observations(cgroups: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """(available, capacity) of every signal."""
    if memory := _memory(cgroups):
        yield "memory.available", memory
    node_fs = NODE_FS if NODE_FS.exists() else Path("/")
    yield from _file_system("nodefs", node_fs)
    # Where images are on the same disk, the tighter bounds of a disk of their own would only fill less of it.
    if IMAGE_FS.exists() and IMAGE_FS.stat().st_dev != node_fs.stat().st_dev:
        yield from _file_system("imagefs", IMAGE_FS)
    if pids := _pids():
        yield "pid.available", pids


def _memory(cgroups: Path) -> tuple[int, int] | None:
    """Capacity less the working set, which is what is used without the file cache that nobody has touched lately."""
    lines = re.findall(r"^([\w()]+):\s+(\d+) kB$", _text(_PROC / "meminfo"), re.MULTILINE)
    info = {name: int(kilobytes) * 1024 for name, kilobytes in lines}
    if "MemTotal" not in info or "MemFree" not in info:
        return None
    stat = re.search(r"^inactive_file (\d+)$", _text(cgroups / "memory.stat"), re.MULTILINE)
    inactive = int(stat[1]) if stat else info.get("Inactive(file)", 0)
    return min(info["MemTotal"], info["MemFree"] + inactive), info["MemTotal"]


def _file_system(name: str, path: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    found = os.statvfs(path)
    if found.f_blocks:
        yield f"{name}.available", (found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
    # File systems without a fixed number of inodes report none at all.
    if found.f_files:
        yield f"{name}.inodesFree", (found.f_favail, found.f_files)


def _pids() -> tuple[int, int] | None:
    # /proc/loadavg: "0.00 0.01 0.05 2/345 6789", of which 345 are all tasks.
    running = re.search(r" \d+/(\d+) ", _text(_PROC / "loadavg"))
    limits = [_text(_PROC / "sys/kernel" / name).strip() for name in ("pid_max", "threads-max")]
    most = min((int(limit) for limit in limits if limit.isdecimal()), default=0)
    return (most - int(running[1]), most) if running and most else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
