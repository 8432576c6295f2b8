"""The log files of a container: which run is which, and which parts a run's log has."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"(?P<run>[0-9A-Za-z_-]+)\.log(?:\.(?P<rotated>[0-9]{8}-[0-9]{6}(?:\.[0-9]+)?)(?P<packed>\.gz)?)?")
_TRIES = 10  # a rotation takes milliseconds; meeting one is rare, meeting ten is not possible


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a run's log. rotated: when it was rotated away, as text that sorts; "" for the one being written."""

    path: Path
    rotated: str = ""
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: its log, and the older parts of it that were rotated away (oldest first)."""

    log: Path
    rotated: tuple[Part, ...] = ()

    def owns(self, name: str) -> bool:
        """Whether a file of this name is (or was) this run's log."""
        found = _NAME.fullmatch(name)
        return found is not None and found["run"] == self.log.name.removesuffix(".log")


def runs(directory: Path) -> list[Run]:
    """All runs, oldest first. A run writes before the next one begins, so the last change of its files orders them."""
    newest: dict[str, int] = {}
    rotated: dict[str, dict[str, Part]] = {}
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return []
    for entry in entries:
        found = _NAME.fullmatch(entry.name)
        try:
            if found is None or not entry.is_file(follow_symlinks=False):
                continue
            changed = entry.stat(follow_symlinks=False).st_mtime_ns
        except FileNotFoundError:  # packed or removed at this moment
            continue
        run = found["run"]
        newest[run] = max(newest.get(run, 0), changed)
        parts = rotated.setdefault(run, {})
        # For a moment a part is there twice, plain and packed.
        if found["rotated"] and not (found["packed"] and found["rotated"] in parts):
            parts[found["rotated"]] = Part(Path(entry.path), found["rotated"], bool(found["packed"]))
    ordered = sorted(newest, key=lambda run: (newest[run], run))
    return [Run(directory / f"{run}.log", tuple(part for _, part in sorted(rotated[run].items()))) for run in ordered]


def run_of(log: Path) -> Run:
    """The run that writes this log, with the parts it has now."""
    return next((run for run in runs(log.parent) if run.log == log), Run(log))


@dataclass(slots=True)
class Opened:
    """An open part: rotating, packing and removing it changes nothing for whoever reads. identity, changed: as of its
    file, not of what it was unpacked into."""

    descriptor: int
    identity: tuple[int, int]
    changed: int
    is_current: bool

    def close(self) -> None:
        os.close(self.descriptor)


def open_parts(log: Path) -> list[Opened]:
    """All parts of a run's log, oldest first, none twice and none missing, also when it is rotated meanwhile."""
    for _ in range(_TRIES):
        run = run_of(log)
        opened = [found for part in run.rotated if (found := _open(part)) is not None]
        is_whole = len(opened) == len(run.rotated)
        if (current := _open(Part(log))) is not None:  # for a moment in each rotation there is none
            opened.append(current)
        # What was the current part in the list may have been rotated by the time it was opened.
        if is_whole and _stamps(run_of(log)) == _stamps(run):
            return opened
        for part in opened:
            part.close()
    return []


def _stamps(run: Run) -> list[str]:
    return [part.rotated for part in run.rotated]


def opened_after(log: Path, seen: Opened) -> list[Opened]:
    """The parts that were written after `seen`, which may have been rotated, packed or removed since."""
    parts = open_parts(log)
    after = [
        part for part in parts if part.identity != seen.identity and (part.is_current or part.changed > _end(seen))
    ]
    for part in parts:
        if part not in after:
            part.close()
    return after


def _end(seen: Opened) -> int:
    return os.fstat(seen.descriptor).st_mtime_ns if seen.is_current else seen.changed


def _open(part: Part) -> Opened | None:
    try:
        descriptor = os.open(part.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    there = os.fstat(descriptor)
    identity, changed = (there.st_dev, there.st_ino), there.st_mtime_ns
    if part.packed:
        descriptor = _unpacked(descriptor)
    return Opened(descriptor, identity, changed, is_current=not part.rotated)


def _unpacked(packed: int) -> int:
    """A nameless file on the disk with the text; it goes when it is closed."""
    with os.fdopen(packed, "rb") as raw, gzip.open(raw) as text, tempfile.TemporaryFile(dir="/var/tmp") as plain:
        try:
            shutil.copyfileobj(text, plain, 1 << 20)
        except (EOFError, OSError):
            pass  # damaged: what could be read is better than nothing
        plain.flush()
        return os.dup(plain.fileno())
