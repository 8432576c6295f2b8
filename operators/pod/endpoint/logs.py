"""A container's log as a stream: the run that is meant, from the line that is meant, followed to its end."""

from __future__ import annotations

import asyncio
import os
import select
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from operators._node import inotify
from operators.pod.endpoint import backend, logfiles, logformat, logoptions, logreader

Write = Callable[[bytes], Awaitable[None]]

_DRAINING: Final = 0.3  # seconds that conmon may take to write the last lines of a container that has just ended


class NoLogs(Exception):
    """There is no such log (400); the message is upstream's."""


def choose(container: backend.ContainerRef, runs: list[logfiles.Run], previous: bool) -> logfiles.Run | None:
    """The run whose log is meant; None while the current one has not written yet. Raises NoLogs.

    As upstream does, a container that waits for its next run counts its last one both as current and as previous.
    """
    which = f'container "{container.container}" in pod "{container.pod}"'
    if previous:
        older = runs if container.state == "waiting" else runs[:-1]
        if not older:
            raise NoLogs(f"previous terminated {which} not found")
        return older[-1]
    if container.state == "waiting" and not runs:
        reason = {
            "ErrImagePull": "image can't be pulled",
            "ImagePullBackOff": "trying and failing to pull image",
        }.get(container.reason, container.reason)
        raise NoLogs(f"{which} is waiting to start" + (f": {reason}" if reason else " - no logs yet"))
    return runs[-1] if runs else None


async def stream(
    container: backend.ContainerRef, wanted: logoptions.LogOptions, run: logfiles.Run, write: Write
) -> None:
    """Writes the log; with `follow` until the container has ended and all it wrote is written."""
    log = _Log(run, logformat.Formatter(wanted.timestamps, wanted.since, wanted.stream, wanted.limit), write)
    try:
        if not (wanted.follow and container.running):
            await log.write_all(wanted.tail)
            return
        with inotify.Watch(run.log.parent) as watch:  # before the first read, so that nothing is missed
            await log.write_all(wanted.tail)
            await log.follow(container.pid, watch)
    finally:
        log.close()


class _Log:
    """One run's log on its way to a client."""

    def __init__(self, run: logfiles.Run, formatter: logformat.Formatter, write: Write) -> None:
        self._run = run
        self._formatter = formatter
        self._write = write
        self._reader: logreader.LogReader | None = None

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    async def write_all(self, tail: int | None) -> None:
        """What is there by now; the reader then stands at the end of the newest part."""
        parts = await asyncio.to_thread(logfiles.open_parts, self._run.log)
        first, offset = 0, 0
        if tail is not None and parts:
            first, offset = await asyncio.to_thread(logreader.tail, parts, tail)
        for part in parts[:first]:
            part.close()
        await self._read(parts[first:], offset)

    async def follow(self, pid: int, watch: inotify.Watch) -> None:
        """Ends when the container's process has ended and conmon, which does so after it, has closed the log."""
        with _Process(pid, watch.wake) as process:
            while not self._formatter.done:
                alive = process.alive()
                events = await watch.events(None if alive else _DRAINING)
                await self._drain()
                if any(event.mask & inotify.DELETE and event.name == self._run.log.name for event in events):
                    return  # the Pod is gone; a rotation renames
                if self._is_replaced():  # rotated: conmon makes the new file when it is done with the old one
                    await self._drain()
                    await self._advance()
                elif not process.alive():
                    closed = any(event.mask & inotify.CLOSE_WRITE and self._run.owns(event.name) for event in events)
                    if closed or not (events or alive):
                        return

    def _is_replaced(self) -> bool:
        """Whether the log's name now leads to a file other than the one being read."""
        try:
            there = self._run.log.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        return self._reader is None or (there.st_dev, there.st_ino) != self._reader.part.identity

    async def _advance(self) -> None:
        """On to what came after the part being read: for a slow client there may have been several rotations."""
        log = self._run.log
        if self._reader is None:
            parts = await asyncio.to_thread(logfiles.open_parts, log)
        else:
            parts = await asyncio.to_thread(logfiles.opened_after, log, self._reader.part)
        await self._read(parts)

    async def _read(self, parts: Sequence[logfiles.Opened], offset: int = 0) -> None:
        """One part after the other; the last one stays open."""
        left = deque(parts)
        try:
            while left:
                self.close()
                self._reader, offset = logreader.LogReader(left.popleft(), offset), 0
                await self._drain()
        finally:
            for part in left:
                part.close()

    async def _drain(self) -> None:
        """Reads and formats in a thread, a block at a time: disks and long logs must not stop the loop."""
        while self._reader is not None and not self._formatter.done:
            text = await asyncio.to_thread(self._reader.read, self._formatter)
            if text is None:
                return
            if text:
                await self._write(text)


class _Process:
    """A process that may end at any time, safe against reuse of its pid; on_end: called once, when it does."""

    def __init__(self, pid: int, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        try:
            self._descriptor = os.pidfd_open(pid) if pid > 0 else -1
        except OSError:
            self._descriptor = -1

    def __enter__(self) -> _Process:
        if self._descriptor >= 0:
            asyncio.get_running_loop().add_reader(self._descriptor, self._ended)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            self._forget()
            os.close(self._descriptor)

    def alive(self) -> bool:
        return self._descriptor >= 0 and not select.select([self._descriptor], [], [], 0)[0]

    def _forget(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)

    def _ended(self) -> None:
        self._forget()
        self._on_end()
