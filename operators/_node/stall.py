"""Tells as soon as processes wait for memory, by the kernel's pressure stall information; see the kernel's "PSI"."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable
from pathlib import Path

_FILE = Path("/proc/pressure/memory")
# A tenth of the time lost within two seconds. Windows that are no multiple of 2 s need a capability.
_TRIGGER = b"some 200000 2000000\0"


class MemoryStall:
    """Calls back at most once in two seconds while memory is short; where the kernel cannot tell, never."""

    def __init__(self, on_stall: Callable[[], None]) -> None:
        self._on_stall = on_stall
        self._file = -1
        self._poll: select.epoll | None = None

    def open(self, path: Path = _FILE) -> bool:
        """Whether the kernel tells. Call it with the event loop running."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(self._file, _TRIGGER)
            self._poll = select.epoll()
            self._poll.register(self._file, select.EPOLLPRI)
        except OSError:
            self.close()
            return False
        # The event is urgent data, which an event loop does not wait for; a set of polled files is readable instead.
        asyncio.get_running_loop().add_reader(self._poll.fileno(), self._told)
        return True

    def close(self) -> None:
        if self._poll is not None:
            asyncio.get_running_loop().remove_reader(self._poll.fileno())
            self._poll.close()
            self._poll = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _told(self) -> None:
        assert self._poll is not None
        for _, event in self._poll.poll(0):
            if event & select.EPOLLERR:
                self.close()
                return
        self._on_stall()
