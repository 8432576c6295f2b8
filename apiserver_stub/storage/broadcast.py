"""Wakes watchers: each keeps a position in the history of its table, nobody keeps a queue."""

import asyncio
from collections.abc import Callable


class Broadcast:
    """Waiters per table. A watcher that is slow falls out of the history and is told so (410); it holds no memory."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Future[None]]] = {}
        self._listeners: dict[tuple[str, str], list[Callable[[], None]]] = {}

    def publish(self, table: tuple[str, str]) -> None:
        for listener in self._listeners.get(table, ()):
            listener()
        for waiter in self._waiting.pop(table, ()):
            _wake(waiter)

    def publish_all(self) -> None:
        for table in list(self._waiting):
            self.publish(table)

    def listen(self, table: tuple[str, str], listener: Callable[[], None]) -> None:
        """Has a part of the server itself called after each change; it is not counted as a watcher."""
        self._listeners.setdefault(table, []).append(listener)

    async def wait(self, table: tuple[str, str], seconds: float | None = None) -> None:
        """Until the table changes, or for so many seconds."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.setdefault(table, set()).add(waiter)
        # A fifth of what asyncio.timeout costs, which counts where hundreds wait for the same change.
        timer = None if seconds is None else loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            if timer is not None:
                timer.cancel()
            if waiters := self._waiting.get(table):
                waiters.discard(waiter)

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
