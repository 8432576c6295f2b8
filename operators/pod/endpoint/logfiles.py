"""The log files of a container: which run is which, and reading them in blocks of whole lines."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from operators.pod.endpoint import logformat

BLOCK = 128 * 1024
_TAIL_BLOCK = 64 * 1024
_LONGEST = 16 * 1024 * 1024  # a line longer than this is no line
_NAME = re.compile(r"(?P<run>[0-9A-Za-z_-]+)\.log(?P<rotated>\.[0-9]{8}-[0-9]{6}(?:\.[0-9]+)?)?")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: its log, and the older parts of it that were rotated away (oldest first)."""

    log: Path
    rotated: tuple[Path, ...] = ()

    def parts(self) -> list[Path]:
        return [*self.rotated, self.log]

    def owns(self, name: str) -> bool:
        """Whether a file of this name is (or was) this run's log."""
        found = _NAME.fullmatch(name)
        return found is not None and found["run"] == self.log.name.removesuffix(".log")


def runs(directory: Path) -> list[Run]:
    """All runs, oldest first. A run writes before the next one begins, so the last change of its files orders them."""
    newest: dict[str, int] = {}
    rotated: dict[str, list[Path]] = {}
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return []
    for entry in entries:
        found = _NAME.fullmatch(entry.name)
        if found is None or not entry.is_file(follow_symlinks=False):
            continue
        run = found["run"]
        newest[run] = max(newest.get(run, 0), entry.stat(follow_symlinks=False).st_mtime_ns)
        parts = rotated.setdefault(run, [])
        if found["rotated"]:
            parts.append(Path(entry.path))
    ordered = sorted(newest, key=lambda run: (newest[run], run))
    return [Run(directory / f"{run}.log", tuple(sorted(rotated[run]))) for run in ordered]


class LogReader:
    """Reads one file onwards from `offset`, whole lines at a time; it may still grow."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._offset = offset
        self._rest = b""

    def close(self) -> None:
        os.close(self._descriptor)

    def is_at(self, path: Path) -> bool | None:
        """Whether `path` still names this file; None if it names nothing."""
        try:
            there = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        here = os.fstat(self._descriptor)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def read(self, formatter: logformat.Formatter) -> bytes | None:
        """What the next lines look like to the client (perhaps nothing: b""); None when no whole line is there."""
        while True:
            piece = os.pread(self._descriptor, BLOCK, self._offset)
            if not piece:
                return None
            self._offset += len(piece)
            end = piece.rfind(b"\n") + 1
            if end:
                block, self._rest = self._rest + piece[:end], piece[end:]
                return formatter.feed(block)
            self._rest = self._rest + piece if len(self._rest) < _LONGEST else b""


def tail(parts: list[Path], wanted: int) -> tuple[int, int]:
    """Where the last `wanted` lines begin: index of the part, offset in it."""
    counter = logformat.TailCounter(wanted)
    for index in range(len(parts) - 1, -1, -1):
        try:
            offset = _tail_of(parts[index], counter)
        except FileNotFoundError:  # rotated away meanwhile
            return min(index + 1, len(parts) - 1), 0
        if offset is not None:
            return index, offset
    return 0, 0


def _tail_of(path: Path, counter: logformat.TailCounter) -> int | None:
    """None if the tail begins before this file."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        rest = b""  # the head of what was read last: the end of a line that began earlier
        begin = end
        complete = False  # the text after the last newline is a line still being written
        while begin > 0:
            size = min(_TAIL_BLOCK, begin)
            begin -= size
            block = os.pread(file.fileno(), size, begin) + rest
            position = len(block)
            lines = block.split(b"\n")
            for raw in reversed(lines[1:]):
                if complete and counter.back(raw):
                    return begin + position + 1
                complete = True
                position -= len(raw) + 1
            rest = lines[0]
        if complete and counter.back(rest):
            return len(rest) + 1
    return None
