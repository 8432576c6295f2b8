"""Writes audit events in a thread of its own: a slow disk costs events, never requests."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable

from apiserver_stub.audit.file import Output

logger = logging.getLogger(__name__)

# What may wait to be written. Beyond it events are dropped and counted.
MOST_EVENTS = 10_000
MOST_BYTES = 16 * 1024 * 1024
# Written together, at most so many.
_BATCH = 256
# How long a stopping server waits for the disk, in seconds.
_STOP_SECONDS = 5.0

# Makes the line of an event, in the thread.
Line = Callable[[], bytes]


class Sink:
    """`put` from the event loop; counters for the metrics."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._queue: queue.SimpleQueue[tuple[Line, int] | None] = queue.SimpleQueue()
        # Each is written by one thread only: what waits is the difference.
        self._put = self._put_bytes = self._taken = self._taken_bytes = 0
        self.dropped = 0
        self.failed = 0
        self._is_failing = False
        # Begun with the first event: until then the server may still start processes.
        self._thread: threading.Thread | None = None

    @property
    def written(self) -> int:
        return self._taken - self.failed

    def put(self, line: Line, size: int) -> None:
        """size: about how many bytes the event keeps in memory."""
        waiting, kept = self._put - self._taken, self._put_bytes - self._taken_bytes
        if waiting >= MOST_EVENTS or (waiting and kept + size > MOST_BYTES):
            self.dropped += 1
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()
        self._put += 1
        self._put_bytes += size
        self._queue.put((line, size))

    async def close(self) -> None:
        """Writes what waits, if the disk lets it in time."""
        if self._thread is None:
            self._output.close()
            return
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join, _STOP_SECONDS)

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch = [self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            is_open = None not in batch
            taken = [item for item in batch if item is not None]
            self._write([line for line, _ in taken])
            self._taken += len(taken)
            self._taken_bytes += sum(size for _, size in taken)
        self._output.close()

    def _write(self, lines: list[Line]) -> None:
        made = [content for content in map(self._made, lines) if content]
        if not made:
            return
        try:
            self._output.write(b"".join(made))
            self._is_failing = False
        except OSError as error:
            self.failed += len(made)
            # Once, not for every event: the disk may stay full for long.
            if not self._is_failing:
                logger.error("audit events can't be written: %s", error.strerror or error)
            self._is_failing = True

    def _made(self, line: Line) -> bytes:
        try:
            return line()
        except Exception:
            # An event that can't be encoded must not end the log of all others.
            self.failed += 1
            logger.exception("an audit event could not be made")
            return b""
