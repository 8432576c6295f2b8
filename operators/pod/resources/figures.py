"""What something uses of a node (plain data)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stall:
    """Pressure stall information, "some" or "full". averages: share of time in percent; total: nanoseconds."""

    avg10: float = 0.0
    avg60: float = 0.0
    avg300: float = 0.0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Cpu:
    """Cumulative nanoseconds; periods: of the quota, and how many of them ended throttled."""

    usage: int = 0
    user: int = 0
    system: int = 0
    periods: int = 0
    throttled_periods: int = 0
    throttled: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. limit: 0 where there is none; peak: 0 where the kernel does not say; failures: how often it was hit."""

    usage: int = 0
    working_set: int = 0
    rss: int = 0
    cache: int = 0
    mapped: int = 0
    swap: int = 0
    limit: int = 0
    swap_limit: int = 0
    peak: int = 0
    failures: int = 0
    oom_kills: int = 0
    page_faults: int = 0
    major_page_faults: int = 0


@dataclass(frozen=True, slots=True)
class Io:
    """One block device's cumulative figures. device: "8:0"."""

    device: str
    read_bytes: int = 0
    write_bytes: int = 0
    reads: int = 0
    writes: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A control group with all below it. at: seconds since the epoch. stalls: "cpu some", "memory full" … if known."""

    at: float = 0.0
    cpu: Cpu = field(default_factory=Cpu)
    memory: Memory = field(default_factory=Memory)
    processes: int = 0
    processes_limit: int = 0
    threads: int = 0
    io: tuple[Io, ...] = ()
    stalls: Mapping[str, Stall] = field(default_factory=dict)
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Interface:
    """Cumulative figures of a network interface, seen from its own side."""

    name: str
    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0


@dataclass(frozen=True, slots=True)
class FileSystem:
    """Bytes and inodes of a whole file system; `used` counts what the superuser keeps for himself as free."""

    capacity: int = 0
    available: int = 0
    used: int = 0
    inodes: int = 0
    inodes_free: int = 0
    inodes_used: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container that runs is found. payload: the control group of its own processes.

    layer: the folder of what it has written over its image; None where that is not known.
    """

    name: str
    id: str
    pid: int
    payload: Path
    layer: Path | None


@dataclass(frozen=True, slots=True)
class Container:
    """A container that has a control group. id: podman's; pid: its first process."""

    name: str
    id: str
    pid: int
    path: Path
    group: Group


@dataclass(frozen=True, slots=True)
class Pod:
    """slice_path: below which everything of the Pod runs; interfaces: () on the host's network or when none runs."""

    uid: str
    slice_path: Path
    group: Group
    containers: tuple[Container, ...] = ()
    interfaces: tuple[Interface, ...] = ()
