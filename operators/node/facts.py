"""What is known of a machine (pure data)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Handler:
    """An OCI runtime that a RuntimeClass may name; "": the one that is used without."""

    name: str
    recursive_read_only: bool = False
    user_namespaces: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """What does not change while it runs, or rarely. Sizes in bytes; `huge_pages`: by suffix ("2Mi"), in bytes.

    `addresses`: the first is where others reach the node. `runtime`: podman's version; "" where there is none.
    `memory_reserve`, `storage_reserve`: kept from Pods, as a kubelet keeps its hard eviction thresholds.
    `controllers`: of cgroup v2.
    """

    hostname: str
    cpus: int
    memory: int
    storage: int
    addresses: tuple[str, ...]
    runtime: str = ""
    swap: int = 0
    huge_pages: Mapping[str, int] = field(default_factory=dict)
    kernel: str = ""
    os_image: str = ""
    architecture: str = "amd64"
    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    handlers: tuple[Handler, ...] = ()
    memory_reserve: int = 0
    storage_reserve: int = 0
    controllers: frozenset[str] = frozenset({"cpu", "memory", "pids"})


@dataclass(frozen=True, slots=True)
class Pressure:
    """What the machine is short of."""

    memory: bool = False
    disk: bool = False
    pids: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A container image in podman's store; `size` in bytes."""

    names: tuple[str, ...]
    size: int
