"""When probes are due: one timer for all of them, and a wake-up for many at once."""

import asyncio
import heapq
from collections.abc import Callable

# Probes are told in seconds. Coarse steps let a busy node wake up 20 times a second rather than 500.
STEP = 0.05


class Entry:
    """Something to be called; `cancel` it any time."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class Timers:
    """Calls back in steps of STEP seconds, never early. Sleeps as long as nothing is due."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._steps: list[int] = []
        self._entries: dict[int, list[Entry]] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._next = 0

    def now(self) -> float:
        return self._loop.time()

    def at(self, when: float, call: Callable[[], None]) -> Entry:
        """`when`: the loop's time, in seconds. `call` must not block or raise."""
        entry = Entry(call)
        step = int(when / STEP) + 1
        entries = self._entries.get(step)
        if entries is not None:
            entries.append(entry)
            return entry
        self._entries[step] = [entry]
        heapq.heappush(self._steps, step)
        if self._handle is None or step < self._next:
            self._arm()
        return entry

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._steps.clear()
        self._entries.clear()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        while self._steps and not any(entry.call for entry in self._entries[self._steps[0]]):
            del self._entries[heapq.heappop(self._steps)]  # all of it was cancelled
        if self._steps:
            self._next = self._steps[0]
            self._handle = self._loop.call_at(self._next * STEP, self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = self._loop.time() + 0.001
        while self._steps and self._steps[0] * STEP <= now:
            for entry in self._entries.pop(heapq.heappop(self._steps)):
                call, entry.call = entry.call, None
                if call is not None:
                    call()
        self._arm()
