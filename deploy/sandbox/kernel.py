"""The few Linux calls that Python 3.11 has no functions for."""

import ctypes
import os
import signal
from pathlib import Path

# <sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    """setns(2): this thread enters the namespace that `fd` refers to. Raises OSError."""
    _check(_libc.setns(fd, kind), "setns")


def die_with_parent() -> None:
    """The calling process gets SIGKILL when the thread that made it ends (PR_SET_PDEATHSIG)."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl")


def start_time(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None if it is gone. Tells a reused pid from the old one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    after_name = stat.rpartition(")")[2].split()  # a name may itself contain spaces and brackets
    return None if after_name[0] == "Z" else int(after_name[19])


def _check(result: int, call: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")
