"""Mounts of the node: made, found and taken away (blocking; Linux' own calls, since a process for each is slow)."""

import ctypes
import errno
import os
import re
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_FLAGS = {"nosuid": 2, "nodev": 4, "noexec": 8}
_MS_BIND, _MS_REC, _MS_SLAVE = 4096, 16384, 1 << 19
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8


def mount(fstype: str, target: Path, options: str) -> None:
    """A new file system; `options` in mount(8)'s notation. Raises OSError."""
    words = options.split(",") if options else []
    flags = sum(_FLAGS[word] for word in words if word in _FLAGS)
    data = [word for word in words if word not in _FLAGS]
    try:
        # As kubelet: what is in memory is not to reach a disk by way of swap. Linux can do that since 6.4.
        _mount(fstype, target, fstype, flags, ",".join([*data, *(["noswap"] if fstype == "tmpfs" else [])]))
    except OSError as error:
        if fstype != "tmpfs" or error.errno != errno.EINVAL:
            raise
        _mount(fstype, target, fstype, flags, ",".join(data))


def below(*roots: Path) -> list[str]:
    """All mount points at or below the roots, the deepest first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        # mountinfo writes space, tab, newline and backslash as three octal digits.
        target = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), line.split(" ")[4])
        if any(target == str(root) or target.startswith(f"{root}/") for root in roots):
            found.append(target)
    return sorted(found, key=len, reverse=True)


def unmount_below(*roots: Path) -> None:
    """Detaches all that is mounted at or below the roots. Raises OSError when something stays."""
    mounted = below(*roots)
    for target in mounted:
        # A bind of a shared tree would have what is unmounted here unmounted at the place it came from, too.
        _call("mount", None, os.fsencode(target), None, ctypes.c_ulong(_MS_SLAVE), None)
    for target in mounted:
        if _libc.umount2(os.fsencode(target), _MNT_DETACH | _UMOUNT_NOFOLLOW) != 0:
            number = ctypes.get_errno()
            if number not in (errno.EINVAL, errno.ENOENT):
                raise OSError(number, os.strerror(number), target)
    if mounted and (left := below(*roots)):
        raise OSError(errno.EBUSY, "still mounted", left[0])


def _mount(source: str, target: Path, fstype: str, flags: int, options: str) -> None:
    number = _call(
        "mount", source.encode(), os.fsencode(target), fstype.encode(), ctypes.c_ulong(flags), options.encode() or None
    )
    if number:
        raise OSError(number, f"mount: {os.strerror(number)}", str(target))


def _call(name: str, *arguments: object) -> int:
    """0, or the error's number."""
    return 0 if getattr(_libc, name)(*arguments) == 0 else ctypes.get_errno()
