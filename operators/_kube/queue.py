"""Queue: keys to reconcile, each at most once at a time, with back-off and delayed looks."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from operators._kube.metrics import Histogram

K = TypeVar("K", bound=Hashable)

FIRST_DELAY = 0.05
LONGEST_DELAY = 30.0

#: Does the work for a key. Returns seconds until the next look or None. Raises Failure to be called with back-off.
Work = Callable[[K], Awaitable[float | None]]

log = logging.getLogger("ukube.queue")


class Failure(Exception):
    """The work failed and has been reported; try again with back-off."""


class Queue(Generic[K]):
    """Keys wait here once, however often they are added; one that is added while it is worked on is worked on again.

    Closed at first: adds are kept, but nothing starts before `open()`. News override delays: a key that waits for a
    retry or a later look is worked on at once when it is added (its back-off is remembered all the same).
    """

    def __init__(self, work: Work[K], *, concurrency: int = 16, jitter: Callable[[], float] = random.random) -> None:
        self._work = work
        self._concurrency = concurrency
        self._jitter = jitter
        self._ready: deque[K] = deque()
        self._waiting: set[K] = set()
        self._again: set[K] = set()
        self._running: dict[K, asyncio.Task[None]] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._is_open = False
        self.adds = 0
        self.retries = 0
        self.errors = 0
        self.seconds = Histogram()

    @property
    def depth(self) -> int:
        """How many keys wait to be worked on, those that wait for a time not counted."""
        return len(self._ready)

    @property
    def running(self) -> int:
        return len(self._running)

    def add(self, key: K) -> None:
        """Work on `key` as soon as possible."""
        self.adds += 1
        self._drop_timer(key)
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._start_some()

    def add_after(self, key: K, seconds: float) -> None:
        """Work on `key` in `seconds`, unless it is added before. Keeps the earlier of two such times."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= loop.time() + seconds:
            return
        self._drop_timer(key)
        self._timers[key] = loop.call_later(max(seconds, 0.0), self.add, key)

    def open(self) -> None:
        self._is_open = True
        self._start_some()

    def close(self) -> None:
        """Start nothing more until `open()`; what runs goes on."""
        self._is_open = False

    async def stop(self, grace: float = 1.0) -> None:
        """Close for good: let what runs end within `grace` seconds, then cancel it."""
        self.close()
        for key in tuple(self._timers):
            self._drop_timer(key)
        self._ready.clear()
        self._waiting.clear()
        if tasks := set(self._running.values()):
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=grace)

    def _start_some(self) -> None:
        while self._is_open and self._ready and len(self._running) < self._concurrency:
            key = self._ready.popleft()
            self._waiting.discard(key)
            self._running[key] = asyncio.create_task(self._run(key), name=f"reconcile {key}")

    async def _run(self, key: K) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            again = await self._work(key)
        except Failure:
            self.errors += 1
            again = self._next_delay(key)
        except asyncio.CancelledError:
            self._again.discard(key)
            raise
        else:
            self._failures.pop(key, None)
        finally:
            self.seconds.observe(loop.time() - start)
            del self._running[key]
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        elif again is not None:
            self.add_after(key, again)
        self._start_some()

    def _next_delay(self, key: K) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.retries += 1
        # Up to a quarter more, so that keys that failed together do not come back together.
        return float(min(FIRST_DELAY * 2 ** min(failures, 20), LONGEST_DELAY) * (1 + self._jitter() / 4))

    def _drop_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
