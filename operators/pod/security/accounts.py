"""Reads an image's accounts out of its layers, without mounting it (blocking)."""

import os
import stat
from collections.abc import Sequence

from operators.pod.security.users import Accounts

_LARGEST = 1024 * 1024


class Unreadable(Exception):
    """The layers do not tell: a link where a file should be, or a file that is larger than any such file."""


def read(layers: Sequence[str]) -> Accounts:
    """`layers`: folders of an overlay, the uppermost first. Raises Unreadable."""
    return Accounts(passwd=_read(layers, "passwd"), group=_read(layers, "group"))


def _read(layers: Sequence[str], name: str) -> str:
    """The text of /etc/NAME; "" where there is none. Links are not followed: they are the image's, the disk is ours."""
    for layer in layers:
        try:
            folder = os.open(f"{layer}/etc", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        except OSError as error:
            if _is_whiteout(f"{layer}/etc"):
                return ""
            raise Unreadable(f"{layer}/etc: {error.strerror}") from error
        try:
            found = _read_at(folder, name)
            if found is not None:
                return found
            if _is_opaque(folder):
                return ""
        finally:
            os.close(folder)
    return ""


def _read_at(folder: int, name: str) -> str | None:
    try:
        kind = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISCHR(kind.st_mode) and kind.st_rdev == 0:
        return ""  # overlayfs' mark of a file that an upper layer has removed
    if not stat.S_ISREG(kind.st_mode) or kind.st_size > _LARGEST:
        raise Unreadable(f"/etc/{name} of the image is not a plain, small file")
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as file:
        return file.read(_LARGEST).decode(errors="replace")


def _is_whiteout(path: str) -> bool:
    kind = os.lstat(path)
    return stat.S_ISCHR(kind.st_mode) and kind.st_rdev == 0


def _is_opaque(folder: int) -> bool:
    try:
        return os.getxattr(folder, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False
