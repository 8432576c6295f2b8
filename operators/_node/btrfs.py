"""Subvolumes, snapshots and quotas of btrfs by the kernel's own calls: no program is run, no path looked up twice.

The numbers and layouts are those of linux/btrfs.h. All of it blocks; call it in a thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

_MAGIC = 0x94
_FS_INFO = 2 << 30 | 1024 << 16 | _MAGIC << 8 | 31
_SUBVOL_CREATE = 1 << 30 | 4096 << 16 | _MAGIC << 8 | 14
_SNAP_DESTROY = 1 << 30 | 4096 << 16 | _MAGIC << 8 | 15
_SNAP_CREATE_V2 = 1 << 30 | 4096 << 16 | _MAGIC << 8 | 23
_QUOTA_CTL = 3 << 30 | 16 << 16 | _MAGIC << 8 | 40
_QGROUP_LIMIT = 2 << 30 | 48 << 16 | _MAGIC << 8 | 43

_ROOT_INODE = 256  # of every subvolume
_MAX_REFERENCED = 1
_ENABLE, _ENABLE_SIMPLE = 1, 4


def is_btrfs(handle: int) -> bool:
    """Whether an open directory is on btrfs."""
    try:
        fcntl.ioctl(handle, _FS_INFO, bytearray(1024))
    except OSError:
        return False
    return True


def is_subvolume(handle: int) -> bool:
    """Of an open directory on btrfs."""
    return os.fstat(handle).st_ino == _ROOT_INODE


def create(parent: int, name: str) -> None:
    """A new subvolume in an open directory. Raises OSError."""
    fcntl.ioctl(parent, _SUBVOL_CREATE, _named(name))


def snapshot(source: int, parent: int, name: str) -> None:
    """A writable snapshot of an open subvolume, in an open directory of the same file system. Raises OSError."""
    encoded = _checked(name, 4040)
    fcntl.ioctl(parent, _SNAP_CREATE_V2, bytearray(struct.pack("=qQQ32x4040s", source, 0, 0, encoded)))


def destroy(parent: int, name: str) -> None:
    """Raises OSError; ENOTEMPTY when there are subvolumes in it."""
    fcntl.ioctl(parent, _SNAP_DESTROY, _named(name))


def limit(subvolume: int, size: int) -> None:
    """Let an open subvolume hold `size` bytes. Quotas are switched on where they are not yet. Raises OSError."""
    # Group 0 stands for the subvolume's own.
    wanted = struct.pack("=QQQQQQ", 0, _MAX_REFERENCED, size, 0, 0, 0)
    try:
        fcntl.ioctl(subvolume, _QGROUP_LIMIT, wanted)
    except OSError as error:
        if error.errno not in (errno.ENOTCONN, errno.EINVAL):
            raise
        _enable_quotas(subvolume)
        fcntl.ioctl(subvolume, _QGROUP_LIMIT, wanted)


def _enable_quotas(handle: int) -> None:
    """Simple ones where the kernel has them (6.7): they cost next to nothing."""
    for command in (_ENABLE_SIMPLE, _ENABLE):
        try:
            fcntl.ioctl(handle, _QUOTA_CTL, struct.pack("=QQ", command, 0))
        except OSError as error:
            if command == _ENABLE or error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTTY):
                raise
        else:
            return


def _named(name: str) -> bytearray:
    # Python copies at most 1024 bytes of an argument that cannot change.
    return bytearray(struct.pack("=q4088s", 0, _checked(name, 4088)))


def _checked(name: str, longest: int) -> bytes:
    encoded = os.fsencode(name)
    if not encoded or b"/" in encoded or b"\0" in encoded or len(encoded) >= min(longest, 256):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
    return encoded
