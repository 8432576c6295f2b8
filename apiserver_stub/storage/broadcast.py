"""Wakes watchers: each keeps a position in the history of its table, nobody keeps a queue."""

import asyncio


class Broadcast:
    """Waiters per table. A watcher that is slow falls out of the history and is told so (410); it holds no memory."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Future[None]]] = {}

    def publish(self, table: tuple[str, str]) -> None:
        for waiter in self._waiting.pop(table, ()):
            if not waiter.done():
                waiter.set_result(None)

    def publish_all(self) -> None:
        for table in list(self._waiting):
            self.publish(table)

    async def wait(self, table: tuple[str, str]) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(table, set()).add(waiter)
        try:
            await waiter
        finally:
            if waiters := self._waiting.get(table):
                waiters.discard(waiter)

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))
