"""What the node and its Pods use, gathered when somebody asks. All of it blocks: use a thread.

Nothing is sampled in between. A rate takes two samples: the one of the last request, if that is not too long ago, or
one that is taken a moment later.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operators.pod.inventory import Inventory
from operators.pod.paths import Paths
from operators.pod.resources import figures, groups, usage

_OLDEST, _NEWEST = 120.0, 0.1  # seconds that may lie between two samples of a rate
_MOMENT = 0.2
_DISK_SECONDS = 60.0  # how long the size of a folder is believed: counting it reads every inode
_IMAGES = Path("/var/lib/containers/storage")


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder on its file system: bytes and inodes of the folder, and of the file system."""

    used: int
    inodes_used: int
    file_system: figures.FileSystem


@dataclass(frozen=True, slots=True)
class Volume:
    name: str
    disk: Disk
    claim: str = ""


Claimed = Callable[[Mapping[str, Any]], Iterable[tuple[str, str, Path]]]
"""Volume, claim and folder of each claim that a Pod has mounted."""


@dataclass(frozen=True, slots=True)
class PodReading:
    """logs, rootfs: by container."""

    pod: Mapping[str, Any]
    used: figures.Pod
    logs: Mapping[str, Disk] = field(default_factory=dict)
    rootfs: Mapping[str, Disk] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """cores: nanocores by control group, "" for the node. systems: other groups of interest by kubelet's names.
    capacity: the node's memory in bytes.
    """

    node: figures.Group
    cores: Mapping[str, int]
    interfaces: tuple[figures.Interface, ...]
    systems: Mapping[str, tuple[Path, figures.Group]]
    root: figures.FileSystem
    images: figures.FileSystem
    pods: tuple[PodReading, ...]
    capacity: int
    most_processes: int
    cpus: int


class Reader:
    """Remembers the last sample of each group, and the sizes of folders for a minute."""

    def __init__(self, paths: Paths, inventory: Inventory, claimed: Claimed = lambda _: ()) -> None:
        self._paths = paths
        self._claimed = claimed
        self._inventory = inventory
        self._samples: dict[str, tuple[float, int]] = {}
        self._disks: dict[Path, tuple[float, tuple[int, int]]] = {}

    def read(self, pods: Iterable[Mapping[str, Any]], *, disks: bool = True, rates: bool = True) -> Reading:
        found = tuple(self._pod(pod, disks=disks) for pod in pods if self._runs(pod))
        node = usage.node(self._paths)
        systems = {name: (path, groups.read(path)) for name, path in self._systems().items()}
        cores = self._cores(node, found, systems) if rates else {}
        return Reading(
            node=node,
            cores=cores,
            interfaces=usage.interfaces(),
            systems=systems,
            root=usage.file_system(self._existing(self._paths.state)),
            images=usage.file_system(self._existing(_IMAGES)),
            pods=found,
            capacity=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            most_processes=int(groups.text(Path("/proc/sys/kernel/pid_max")) or 0),
            cpus=os.cpu_count() or 1,
        )

    # Parts

    def _runs(self, pod: Mapping[str, Any]) -> bool:
        record = self._inventory.find(pod["metadata"]["uid"])
        return record is not None and bool(record.slice)

    def _pod(self, pod: Mapping[str, Any], *, disks: bool) -> PodReading:
        meta = pod["metadata"]
        record = self._inventory.find(meta["uid"])
        assert record is not None
        used = usage.pod(self._paths, record)
        if not disks:
            return PodReading(pod, used)
        every = {container.name: container for container in used.containers}
        logs = {name: self._paths.log_dir(meta["namespace"], meta["name"], meta["uid"], name) for name in every}
        tops = {name: top for name, container in every.items() if (top := writable_layer(container.pid)) is not None}
        return PodReading(
            pod,
            used,
            logs={name: self._disk(path) for name, path in logs.items() if path.is_dir()},
            rootfs={name: self._disk(path) for name, path in tops.items() if path.is_dir()},
            volumes=tuple(self._volumes(pod)),
        )

    def _volumes(self, pod: Mapping[str, Any]) -> Iterable[Volume]:
        uid = pod["metadata"]["uid"]
        known = {volume["name"] for volume in pod["spec"].get("volumes") or ()}
        for root in (self._paths.pod_state(uid), self._paths.pod_run(uid)):
            for path in sorted((root / "volumes").glob("kubernetes.io~*/*")):
                if path.name in known and path.is_dir() and not path.is_symlink():
                    yield Volume(path.name, self._disk(path))
        for name, claim, path in self._claimed(pod):
            if path.is_dir():
                yield Volume(name, self._disk(path), claim)

    def _disk(self, path: Path) -> Disk:
        now = time.monotonic()
        known = self._disks.get(path)
        if known is None or known[0] < now:
            self._disks = {path: entry for path, entry in self._disks.items() if entry[0] >= now}
            known = self._disks[path] = (now + _DISK_SECONDS, usage.disk_usage(path))
        try:
            return Disk(*known[1], usage.file_system(path))
        except OSError:
            return Disk(*known[1], figures.FileSystem())

    def _systems(self) -> dict[str, Path]:
        """What kubelet calls system containers: itself, the container runtime, and all Pods."""
        own = next((line[3:] for line in groups.text(Path("/proc/self/cgroup")).splitlines() if line[:3] == "0::"), "")
        root = self._paths.cgroups
        found = {
            "kubelet": root / own.lstrip("/"),
            "runtime": root / "system.slice/podman.service",
            "pods": root / "kubepods.slice",
        }
        return {name: path for name, path in found.items() if path != root and path.is_dir()}

    def _existing(self, path: Path) -> Path:
        return path if path.exists() else Path("/")

    # Rates

    def _cores(
        self, node: figures.Group, pods: Iterable[PodReading], systems: Mapping[str, tuple[Path, figures.Group]]
    ) -> dict[str, int]:
        now: dict[str, tuple[float, int]] = {"": (node.at, node.cpu.usage)}
        for path, group in systems.values():
            now[str(path)] = (group.at, group.cpu.usage)
        for pod in pods:
            now[str(pod.used.slice_path)] = (pod.used.group.at, pod.used.group.cpu.usage)
            for container in pod.used.containers:
                now[str(container.path)] = (container.group.at, container.group.cpu.usage)
        before, self._samples = self._samples, now
        missing = [key for key, sample in now.items() if not _is_useful(before.get(key), sample)]
        later = self._again(missing) if missing else {}
        return {
            key: rate(sample, later[key]) if key in later else rate(before[key], sample)
            for key, sample in now.items()
            if key in later or key not in missing
        }

    def _again(self, keys: Iterable[str]) -> dict[str, tuple[float, int]]:
        time.sleep(_MOMENT)
        found = {}
        for key in keys:
            if key == "":
                node = usage.node(self._paths)
                found[key] = (node.at, node.cpu.usage)
            elif stat := groups.pairs(Path(key) / "cpu.stat"):
                found[key] = (time.time(), groups.cpu(stat).usage)
        return found


def _is_useful(before: tuple[float, int] | None, now: tuple[float, int]) -> bool:
    # A smaller number is another group's of the same name, or a clock was set back.
    return before is not None and _NEWEST <= now[0] - before[0] <= _OLDEST and now[1] >= before[1]


def rate(before: tuple[float, int], after: tuple[float, int]) -> int:
    """Nanocores between two samples of (seconds, nanoseconds of CPU time) (pure)."""
    seconds = after[0] - before[0]
    return int(max(0, after[1] - before[1]) / seconds) if seconds > 0 else 0


def writable_layer(pid: int) -> Path | None:
    """The folder that takes what a container writes into its root file system."""
    for line in groups.text(Path(f"/proc/{pid}/mountinfo")).splitlines():
        fields = line.split(" ")
        if len(fields) > 9 and fields[4] == "/":
            options = dict(part.partition("=")[::2] for part in fields[-1].split(","))
            return Path(options["upperdir"]) if "upperdir" in options else None
    return None
