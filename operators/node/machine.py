"""Reading the machine: /proc, /sys, /etc and one call of podman. All of it blocks; call it in a thread."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from operators._node import pressure
from operators.node.facts import Handler, Machine

STATE = Path("/var/lib/ukube")
BRIDGE = "ukube0"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "riscv64": "riscv64", "ppc64le": "ppc64le"}
# Interfaces of containers and of other container tools: their addresses mean nothing elsewhere.
_INNER = re.compile(r"lo|ukube0|veth.*|podman\d+|cni.*|docker\d+|br-[0-9a-f]{12}")

# Those that podman looks for first are complete: user namespaces, and read-only mounts all the way down.
_COMPLETE = ("crun", "runc")
_RUNTIMES = (*_COMPLETE, "youki", "kata-runtime", "runsc", "krun", "crun-wasm")

_SIOCGIFADDR = 0x8915


def observe() -> Machine:
    memory = _meminfo()
    storage = os.statvfs(_storage_root())
    total = storage.f_blocks * storage.f_frsize
    limits = pressure.thresholds()
    return Machine(
        hostname=socket.gethostname(),
        cpus=os.cpu_count() or 1,
        memory=memory.get("MemTotal", 0),
        storage=total,
        memory_reserve=pressure.memory_reserve(limits, memory.get("MemTotal", 0)),
        storage_reserve=pressure.storage_reserve(limits, total),
        controllers=_controllers(),
        addresses=_addresses(),
        runtime=_podman_version(),
        swap=memory.get("SwapTotal", 0),
        huge_pages=dict(_huge_pages()),
        kernel=platform.release(),
        os_image=_os_image(),
        architecture=ARCHITECTURES.get(platform.machine(), platform.machine()),
        machine_id=_text(Path("/etc/machine-id")),
        # Virtual machines and boards without firmware tables have none.
        system_uuid=_text(Path("/sys/class/dmi/id/product_uuid")) or _text(Path("/etc/machine-id")),
        boot_id=_text(Path("/proc/sys/kernel/random/boot_id")),
        handlers=_handlers(),
    )


def short_of() -> set[str]:
    """Node conditions whose eviction thresholds are met now."""
    return {signal.condition for signal in pressure.read(pressure.thresholds()) if signal.is_met}


def _controllers() -> frozenset[str]:
    """Of cgroup v2, as the units of this machine get them."""
    return frozenset(_text(Path("/sys/fs/cgroup/cgroup.controllers")).split())


def _handlers() -> tuple[Handler, ...]:
    """podman's default runtime, under no name and its own, and the others that are installed."""
    found = [Handler(name, name in _COMPLETE, name in _COMPLETE) for name in _RUNTIMES if shutil.which(name)]
    default = next((handler for handler in found if handler.name in _COMPLETE), None)
    return (Handler("", default is not None, default is not None), *sorted(found, key=lambda handler: handler.name))


def _addresses() -> tuple[str, ...]:
    """What packets to elsewhere come from: IPv4's address, then IPv6's if there is a route for it."""
    if given := os.environ.get("UKUBE_NODE_IP", "").strip():
        return tuple(given.split(","))
    return (_address(), *_address_of_ipv6())


def _address_of_ipv6() -> tuple[str, ...]:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.connect(("2001:db8::1", 9))  # sends nothing
            source = str(sock.getsockname()[0])
    except OSError:
        return ()
    return () if source.startswith(("fe80:", "::1")) else (source,)


def _address() -> str:
    """Without a default route any address of ours, the bridge's at last."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing
            source = sock.getsockname()[0]
            if not source.startswith("127."):
                return str(source)
        except OSError:
            pass
        names = [name for _, name in socket.if_nameindex()]
        outer = [name for name in names if not _INNER.fullmatch(name)]
        for name in (*outer, BRIDGE):
            if address := _interface_address(sock, name):
                return address
    return "127.0.0.1"


def _interface_address(sock: socket.socket, name: str) -> str:
    try:
        answer = fcntl.ioctl(sock.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
    except OSError:
        return ""
    return socket.inet_ntoa(answer[20:24])


def _podman_version() -> str:
    try:
        argv = ["podman", "--version"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.split()[-1] if done.stdout.split() else ""


def _huge_pages() -> Iterable[tuple[str, int]]:
    for folder in Path("/sys/kernel/mm/hugepages").glob("hugepages-*kB"):
        kilobytes = int(folder.name.removeprefix("hugepages-").removesuffix("kB"))
        count = _text(folder / "nr_hugepages")
        suffix = f"{kilobytes >> 20}Gi" if kilobytes >= 1 << 20 else f"{kilobytes >> 10}Mi"
        yield suffix, kilobytes * 1024 * int(count or 0)


def _meminfo() -> dict[str, int]:
    """In bytes."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", _text(Path("/proc/meminfo")), re.MULTILINE)
    return {name: int(kilobytes) * 1024 for name, kilobytes in found}


def _os_image() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def _storage_root() -> Path:
    return STATE if STATE.exists() else Path("/")


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
