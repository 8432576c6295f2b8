"""Kernel parameters that a Pod may set in its own namespaces (pure). See the Kubernetes page "Using sysctls"."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from operators.pod.sources import Object

#: Parameter → the namespace it belongs to.
SAFE: Final[Mapping[str, str]] = {
    "kernel.shm_rmid_forced": "ipc",
    "net.ipv4.ip_local_port_range": "net",
    "net.ipv4.tcp_syncookies": "net",
    "net.ipv4.ping_group_range": "net",
    "net.ipv4.ip_unprivileged_port_start": "net",
    "net.ipv4.ip_local_reserved_ports": "net",
    "net.ipv4.tcp_keepalive_time": "net",
    "net.ipv4.tcp_fin_timeout": "net",
    "net.ipv4.tcp_keepalive_intvl": "net",
    "net.ipv4.tcp_keepalive_probes": "net",
    "net.ipv4.tcp_rmem": "net",
    "net.ipv4.tcp_wmem": "net",
}
_SWAP: Final = str.maketrans("./", "/.")
_NAME: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_PREFIXES: Final = (("kernel.shm", "ipc"), ("kernel.msg", "ipc"), ("fs.mqueue.", "ipc"), ("net.", "net"))


def normalise(name: str) -> str:
    """The name with dots between its parts: the first separator tells which of "." and "/" is one."""
    first = next((char for char in name if char in "./"), ".")
    return name if first == "." else name.translate(_SWAP)


def namespace(name: str) -> str | None:
    """ "ipc" or "net"; None for a parameter of the whole machine."""
    if name == "kernel.sem":
        return "ipc"
    return SAFE.get(name) or next((kind for prefix, kind in _PREFIXES if name.startswith(prefix)), None)


def objection(pod: Object, allowed: Iterable[str] = ()) -> str | None:
    """Why the Pod's parameters cannot be set, in kubelet's words; None: they can.

    `allowed`: patterns of further parameters (kubelet's --allowed-unsafe-sysctls): names, or their beginning and "*".
    """
    spec = pod["spec"]
    for name in (normalise(str(entry["name"])) for entry in (spec.get("securityContext") or {}).get("sysctls") or ()):
        kind = namespace(name)
        if name not in SAFE and (kind is None or not _NAME.fullmatch(name) or not _matches(name, allowed)):
            return f'"{name}" not allowlisted'
        if (kind == "ipc" and spec.get("hostIPC")) or (kind == "net" and spec.get("hostNetwork")):
            return f'"{name}" not allowed with host {kind} enabled'
    return None


def settings(pod: Object) -> list[str]:
    """`PATH=VALUE` for the sandbox; the paths are below /proc/sys."""
    entries = (pod["spec"].get("securityContext") or {}).get("sysctls") or ()
    return [f"{normalise(str(entry['name'])).translate(_SWAP)}={entry['value']}" for entry in entries]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(p[:-1]) if p.endswith("*") else name == p for p in patterns)
