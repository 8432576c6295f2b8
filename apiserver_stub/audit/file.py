"""The file that audit events go to: rotated by size, old ones removed by number and age."""

import datetime
import os
import sys
from pathlib import Path
from typing import Protocol

MEGABYTE = 1024 * 1024
_DAY = 86400.0


class Output(Protocol):
    def write(self, content: bytes) -> None:
        """Raises OSError."""

    def close(self) -> None: ...


class Standard:
    """Standard output: the journal of the unit."""

    def write(self, content: bytes) -> None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    def close(self) -> None:
        pass


class RotatingFile:
    """A file of its owner's. most: bytes, backups: files, age: days; 0 means no limit.

    Full files are named as kube-apiserver does: audit-2026-01-31T12-00-00.000.log beside audit.log, in UTC.
    """

    def __init__(self, path: Path, most: int, backups: int, age: int) -> None:
        """Raises OSError."""
        self._path, self._most, self._backups, self._age = path, most, backups, age
        self._fd = -1
        self._size = 0
        self._open()

    def write(self, content: bytes) -> None:
        if self._fd < 0:
            self._open()
        if self._most and self._size and self._size + len(content) > self._most:
            self._rotate()
        left = memoryview(content)
        while left:
            written = os.write(self._fd, left)
            self._size += written
            left = left[written:]

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        self.close()
        now = datetime.datetime.now(datetime.UTC)
        while (full := self._full(now)).exists():
            now += datetime.timedelta(milliseconds=1)
        self._path.rename(full)
        self._open()
        self._prune(now.timestamp())

    def _full(self, now: datetime.datetime) -> Path:
        stamp = now.strftime("%Y-%m-%dT%H-%M-%S.") + f"{now.microsecond // 1000:03d}"
        return self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")

    def _prune(self, now: float) -> None:
        pattern = f"{self._path.stem}-[0-9][0-9][0-9][0-9]-*{self._path.suffix}"
        found = sorted(self._path.parent.glob(pattern), reverse=True)
        for number, path in enumerate(found):
            is_surplus = bool(self._backups) and number >= self._backups
            if is_surplus or (self._age and path.stat().st_mtime < now - self._age * _DAY):
                path.unlink()
