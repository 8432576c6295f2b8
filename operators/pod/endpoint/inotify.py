"""Changes in a directory, told by the kernel: inotify on the event loop."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from pathlib import Path
from typing import NamedTuple

MODIFY, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x8, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, OVERFLOW, IGNORED = 0x400, 0x800, 0x4000, 0x8000
_MASK = MODIFY | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
_HEAD = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)


class Event(NamedTuple):
    mask: int
    name: str


class Watch:
    """The events of one directory, from its construction on; `with` closes it. Raises OSError."""

    def __init__(self, directory: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: list[Event] = []
        self._arrived = asyncio.Event()
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if _libc.inotify_add_watch(self._descriptor, os.fsencode(directory), _MASK) < 0:
            number = ctypes.get_errno()
            os.close(self._descriptor)
            raise OSError(number, os.strerror(number), str(directory))
        self._loop.add_reader(self._descriptor, self._read)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

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

    def _read(self) -> None:
        try:
            raw = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(raw):
            _, mask, _, length = _HEAD.unpack_from(raw, offset)
            offset += _HEAD.size
            event = Event(mask, os.fsdecode(raw[offset : offset + length].rstrip(b"\0")))
            offset += length
            if not self._events or self._events[-1] != event:  # a busy log says MODIFY thousands of times
                self._events.append(event)
        self._arrived.set()
