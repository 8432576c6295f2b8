"""Changes of files, told by the kernel: inotify on the event loop. See inotify(7)."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

MODIFY, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x8, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, OVERFLOW, IGNORED, IS_DIR = 0x400, 0x800, 0x4000, 0x8000, 0x40000000
ONLY_DIRECTORY, DONT_FOLLOW, ONE_SHOT = 0x1000000, 0x2000000, 0x80000000
_MASK = MODIFY | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
_HEAD = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)


class Event(NamedTuple):
    """watch: what `Inotify.add` returned; -1 when events were lost (OVERFLOW)."""

    mask: int
    name: str
    watch: int = 0


class Inotify:
    """Any number of directories. on_event: called on the event loop; must not block or raise. Raises OSError."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise _error()
        self._loop.add_reader(self._descriptor, self._read)

    def add(self, directory: Path, mask: int) -> int:
        """Watches a directory, or watches it again: the number is the same then. Raises OSError."""
        watch = int(_libc.inotify_add_watch(self._descriptor, os.fsencode(directory), ctypes.c_uint32(mask)))
        if watch < 0:
            raise _error(str(directory))
        return watch

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        try:
            raw = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return
        offset = 0
        last = None
        while offset < len(raw):
            watch, mask, _, length = _HEAD.unpack_from(raw, offset)
            offset += _HEAD.size
            event = Event(mask, os.fsdecode(raw[offset : offset + length].rstrip(b"\0")), watch)
            offset += length
            if event != last:  # a busy log says MODIFY thousands of times
                self._on_event(event)
            last = event


class Watch:
    """The events of one directory, from its construction on; `with` closes it. Raises OSError."""

    def __init__(self, directory: Path) -> None:
        self._events: list[Event] = []
        self._arrived = asyncio.Event()
        self._inotify = Inotify(self._take)
        try:
            self._inotify.add(directory, _MASK)
        except OSError:
            self._inotify.close()
            raise

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._inotify.close()

    async def events(self, patience: float | None = None) -> list[Event]:
        """All that happened since the last call; empty when woken, or after `patience` seconds without any."""
        try:
            async with asyncio.timeout(patience):
                await self._arrived.wait()
        except TimeoutError:
            pass
        self._arrived.clear()
        events, self._events = self._events, []
        return events

    def wake(self) -> None:
        """Lets `events` return for another reason."""
        self._arrived.set()

    def _take(self, event: Event) -> None:
        if not self._events or self._events[-1] != event:
            self._events.append(event)
        self._arrived.set()


def _error(path: str = "") -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path) if path else OSError(number, os.strerror(number))
