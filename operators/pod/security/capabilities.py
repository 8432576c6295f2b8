"""Which capabilities a container's processes may have (pure).

The default set is the one that charts count on: what container runtimes behind upstream's CRI give. podman's own is
smaller.
"""

from operators.pod.security import contexts
from operators.pod.sources import Object

#: In the order of their numbers, see capabilities(7) and <linux/capability.h>.
ALL = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip
DEFAULT = frozenset(
    (
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
        "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    )
)  # fmt: skip


def effective(spec: Object) -> list[str]:
    """The capabilities of a container that is not privileged, without "CAP_", in the order of their numbers.

    ALL is taken first, then what is added, then what is dropped. Names that no kernel knows are left out.
    """
    asked = contexts.own(spec).get("capabilities") or {}
    added, dropped = _names(asked.get("add")), _names(asked.get("drop"))
    found = set(DEFAULT)
    if "ALL" in added:
        found = set(ALL)
    if "ALL" in dropped:
        found = set()
    found = (found | added) - dropped
    return [name for name in ALL if name in found]


def _names(asked: object) -> set[str]:
    return {str(name).upper().removeprefix("CAP_") for name in asked} if isinstance(asked, list | tuple) else set()
