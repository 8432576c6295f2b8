"""Rotates a container's log and removes what nobody can ask for any more (blocking).

As kubelet's container log manager: NAME.log becomes NAME.log.YYYYMMDD-HHMMSS, and NAME.log.YYYYMMDD-HHMMSS.gz with the
rotation after that. Every step may be the last one before a crash: the next look goes on from what it finds.
"""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from operators.pod.endpoint import logfiles
from operators.pod.endpoint.logfiles import Part, Run
from operators.pod.logs import limits

_log = logging.getLogger("ukube.logs")

Reopen = Callable[[], bool]
"""Has whoever writes the log open it anew, under its own name; False when that failed."""
Connect = Callable[[], Reopen | None]
"""None: nobody writes the log any more."""

_UNFINISHED = ".gz.tmp"
_PATIENCE = 2.0  # seconds for conmon to make the new file


def tidy(directory: Path, connect: Connect, now: datetime) -> tuple[int, int]:
    """Looks after one container's folder; how long the log being written was, and is now. Raises OSError."""
    found = logfiles.runs(directory)
    for run in found[: -limits.MAX_RUNS]:
        for part in (*run.rotated, Part(run.log)):
            part.path.unlink(missing_ok=True)
    if not found:
        return 0, 0
    run = found[-1]
    size = _size(run.log)
    if size is None:  # renamed, and then something went wrong: the lines still go to the renamed file
        if run.rotated and (reopen := connect()) is not None:
            reopen()
        return 0, 0
    if size < limits.MAX_SIZE or (reopen := connect()) is None:
        return size, size
    for leftover in directory.glob(f"*{_UNFINISHED}"):
        leftover.unlink(missing_ok=True)
    return size, 0 if _rotate(run, reopen, now) else size


def _rotate(run: Run, reopen: Reopen, now: datetime) -> bool:
    keep = max(limits.MAX_FILES - 2, 0)  # besides the file that is rotated now, and the new one
    excess, kept = run.rotated[: len(run.rotated) - keep], run.rotated[len(run.rotated) - keep :]
    if len(run.rotated) <= keep:
        excess, kept = (), run.rotated
    for part in excess:
        part.path.unlink(missing_ok=True)
    for part in kept:
        if not part.packed:
            _pack(part.path)
    target = run.log.with_name(f"{run.log.name}.{now:%Y%m%d-%H%M%S}")
    if target.exists() or target.with_name(f"{target.name}.gz").exists():
        return False  # two in one second: the next look does it
    run.log.rename(target)
    if not reopen():
        if not run.log.exists():
            target.rename(run.log)
        return False
    until = time.monotonic() + _PATIENCE
    while not run.log.exists() and time.monotonic() < until:
        time.sleep(0.005)
    return True


def _pack(path: Path) -> None:
    """Followers tell by the time of its last change how far they have read it, so that stays."""
    fresh, there = path.with_name(f"{path.name}{_UNFINISHED}"), path.stat()
    try:
        with path.open("rb") as plain, gzip.open(fresh, "wb", compresslevel=6) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)
        fresh.chmod(there.st_mode & 0o777)
        os.utime(fresh, ns=(there.st_atime_ns, there.st_mtime_ns))
        fresh.rename(path.with_name(f"{path.name}.gz"))
    except OSError:
        fresh.unlink(missing_ok=True)  # the disk is full, perhaps: it stays as it is
        raise
    path.unlink(missing_ok=True)


def _size(path: Path) -> int | None:
    try:
        return path.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return None


def connect(bundle: Path | None) -> Reopen | None:
    """To a container's conmon, whose control FIFO takes "2 0 0" for that; see conmon(8)."""
    if bundle is None:
        return None
    path = bundle / "ctl"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:  # nobody reads it: conmon is gone
        return None
    return lambda: _command(path, b"2 0 0\n")


def _command(path: Path, text: bytes) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)
    except OSError as error:
        _log.warning("conmon does not take commands at %s: %s", path, error)
        return False
    return True
