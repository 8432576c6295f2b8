"""The directories that volumes are: made, copied, made larger, removed. All of it blocks; call it in a thread.

What a volume holds is its containers' doing, so no link in it is ever followed, and what is half made or half removed
never has a volume's name.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operators._node import btrfs

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW, _GONE = ".new-", ".gone-"
# The root lets nobody but root look around in it; containers reach their volume by a mount.
_ROOT_MODE = 0o711


def create(root: str, name: str, mode: int, size: int | None, source: str | None = None) -> bool:
    """Make the directory of a volume, unless it is there already; whether it can hold no more than `size` bytes.

    source: the path of a directory that it begins as a copy of, permissions and all. size: None for no limit.
    Raises OSError.
    """
    Path(root).mkdir(mode=_ROOT_MODE, parents=True, exist_ok=True)
    with _opened(root) as parent:
        if not _exists(parent, name):
            _remove(parent, _NEW + name)
            _make(parent, _NEW + name, source)
            if source is None:
                with _opened(_NEW + name, parent) as handle:
                    os.fchmod(handle, mode)
            os.rename(_NEW + name, name, src_dir_fd=parent, dst_dir_fd=parent)
            os.fsync(parent)
        with _opened(name, parent) as handle:
            return size is not None and _limit(handle, size)


def grow(root: str, name: str, size: int) -> bool:
    """Let a volume hold `size` bytes; whether that is a limit at all. Raises OSError."""
    with _opened(root) as parent, _opened(name, parent) as handle:
        return _limit(handle, size)


def remove(root: str, name: str) -> None:
    """Remove a volume's directory with all that is in it; one that is gone is fine. Raises OSError."""
    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    with _closing(handle) as parent:
        _refuse_mounts(f"{os.path.realpath(root)}/{name}")
        if _exists(parent, name):
            _remove(parent, _GONE + name)
            os.rename(name, _GONE + name, src_dir_fd=parent, dst_dir_fd=parent)
        _remove(parent, _GONE + name)


def remove_below(root: str, relative: str) -> None:
    """Remove what is at a path below `root`, whatever it is; no component of the way there may be a link.

    What is gone is fine. Raises OSError.
    """
    _refuse_mounts(f"{root}/{relative}")
    *between, last = [part for part in relative.split("/") if part not in ("", ".")]
    handle = os.open(root, _DIRECTORY)
    for part in between:
        with _closing(handle) as parent:
            try:
                handle = os.open(part, _DIRECTORY, dir_fd=parent)
            except FileNotFoundError:
                return
    with _closing(handle) as parent:
        _remove(parent, last)


def tidy(root: str, known: set[str]) -> None:
    """Remove what was left half made or half removed, and empty directories that no volume or claim knows of."""
    if not Path(root).is_dir():
        return
    with _opened(root) as parent:
        for name in os.listdir(parent):  # noqa: PTH208 - of the open directory
            if name.startswith((_NEW, _GONE)):
                _remove(parent, name)
            elif name.startswith("pvc-") and name not in known:
                try:
                    os.rmdir(name, dir_fd=parent)
                except OSError:
                    pass  # it holds something: never ours to throw away


def _make(parent: int, name: str, source: str | None) -> None:
    if source is None:
        btrfs.create(parent, name) if btrfs.is_btrfs(parent) else os.mkdir(name, 0o700, dir_fd=parent)
        return
    with _opened(source) as origin:
        if btrfs.is_btrfs(parent) and btrfs.is_subvolume(origin):
            try:
                btrfs.snapshot(origin, parent, name)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
            else:
                return
        _make(parent, name, None)
        with _opened(name, parent) as target:
            _copy(origin, target)


def _copy(origin: int, target: int) -> None:
    argv = ["cp", "--archive", "--reflink=auto", "--", f"/proc/self/fd/{origin}/.", f"/proc/self/fd/{target}/"]
    done = subprocess.run(argv, pass_fds=(origin, target), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(errno.EIO, (done.stderr.strip() or "cp failed").splitlines()[0])


def _limit(handle: int, size: int) -> bool:
    if not btrfs.is_btrfs(handle) or not btrfs.is_subvolume(handle):
        return False
    try:
        btrfs.limit(handle, size)
    except OSError:
        return False  # quotas cannot be had here; the volume is as good as any other directory
    return True


def _exists(parent: int, name: str) -> bool:
    """Whether there is a directory; anything else of that name is an error."""
    try:
        os.close(os.open(name, _DIRECTORY, dir_fd=parent))
    except FileNotFoundError:
        return False
    return True


def _remove(parent: int, name: str) -> None:
    """A directory with its content, subvolume or not; a file or a link itself."""
    try:
        handle = os.open(name, _DIRECTORY, dir_fd=parent)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        os.unlink(name, dir_fd=parent)
        return
    with _closing(handle):
        is_subvolume = btrfs.is_btrfs(handle) and btrfs.is_subvolume(handle)
    if is_subvolume:
        try:
            btrfs.destroy(parent, name)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    # Goes by open directories, so that nobody can put a link in its way.
    shutil.rmtree(name, dir_fd=parent)


def _refuse_mounts(path: str) -> None:
    """What is mounted there is not the volume's: it must not be emptied with it."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        # Space, tab, newline and backslash are written as three octal digits.
        target = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), line.split(" ")[4])
        if target == path or target.startswith(f"{path}/"):
            raise OSError(errno.EBUSY, "something is mounted there", target)


@contextmanager
def _opened(path: str, parent: int | None = None) -> Iterator[int]:
    # A root may be reached by links, as its administrator likes; a volume in it may not be one.
    flags = _DIRECTORY if parent is not None else os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    with _closing(os.open(path, flags, dir_fd=parent)) as handle:
        yield handle


@contextmanager
def _closing(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)
