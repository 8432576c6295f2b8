"""port-forward: a client's connections tied to ports of a Pod, several over one connection."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Protocol

from operators.pod.endpoint import backend, netns, options, spdy, spdyconnection

PROTOCOL = "portforward.k8s.io"
_PAIRING = 30.0  # seconds between the two streams of one connection
_FAREWELL = 1.0  # seconds a client gets to end its side after the Pod ended its own
_CHUNK = 64 * 1024


class Stream(Protocol):
    async def read(self) -> bytes:
        """The next piece; b"" at the end."""

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError."""

    async def end(self) -> None:
        """No more will be written."""


async def forward(data: Stream, error: Stream, pod: backend.PodRef, port: int) -> None:
    """One connection; what goes wrong is told on the error stream."""
    try:
        try:
            connection = await netns.connect(pod.netns, port)
        except netns.NotConnected as reason:
            await error.write(_failure(pod, port, str(reason)))
            return
        reader, writer = await asyncio.open_connection(sock=connection, limit=_CHUNK * 4)
        try:
            await _copy(data, reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except ConnectionError:
        pass
    finally:
        for stream in (data, error):
            with contextlib.suppress(ConnectionError):
                await stream.end()


async def _copy(data: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    inward = asyncio.create_task(_inward(data, writer))
    outward = asyncio.create_task(_outward(reader, data))
    try:
        await outward
        await asyncio.wait([inward], timeout=_FAREWELL)
    finally:
        for task in (inward, outward):
            task.cancel()
        await asyncio.gather(inward, outward, return_exceptions=True)


async def _inward(data: Stream, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await data.read():
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()  # the Pod's side broke: `_outward` sees it and ends the connection


async def _outward(reader: asyncio.StreamReader, data: Stream) -> None:
    try:
        while piece := await reader.read(_CHUNK):
            await data.write(piece)
        await data.end()
    except OSError:
        pass


def _failure(pod: backend.PodRef, port: int, reason: str) -> bytes:
    return (
        f"error forwarding port {port} to pod {pod.pod}, uid {pod.uid}: failed to execute portforward: {reason}"
    ).encode()


@dataclass(slots=True)
class _Pair:
    port: int
    streams: dict[str, spdyconnection.Stream]
    timer: asyncio.TimerHandle


class Forwarder:
    """The streams of one SPDY connection, in pairs of error and data with one requestID each."""

    def __init__(self, connection: spdyconnection.Connection, pod: backend.PodRef) -> None:
        self._connection = connection
        self._pod = pod
        self._pairs: dict[str, _Pair] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the client is gone."""
        try:
            while (stream := await self._connection.accept()) is not None:
                await self._take(stream)
        except ConnectionError:
            pass
        finally:
            for pair in self._pairs.values():
                pair.timer.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, stream: spdyconnection.Stream) -> None:
        kind, request = stream.headers.get("streamtype", ""), stream.headers.get("requestid", "")
        try:
            port = options.parse_port(stream.headers.get("port", ""))
        except options.BadOptions:
            port = 0
        if kind not in ("data", "error") or not port:
            await self._refuse([stream])
            return
        if not request:  # clients without requestIDs open the error stream first, then the data stream
            request = f"#{stream.id if kind == 'error' else stream.id - 2}"
        pair = self._pairs.get(request)
        if pair is None:
            timer = asyncio.get_running_loop().call_later(_PAIRING, self._expire, request)
            pair = self._pairs[request] = _Pair(port, {}, timer)
        if kind in pair.streams or pair.port != port:
            await self._refuse([stream])
            return
        pair.streams[kind] = stream
        if len(pair.streams) == 2:
            pair.timer.cancel()
            del self._pairs[request]
            self._start(self._forward(pair))

    async def _forward(self, pair: _Pair) -> None:
        data, error = pair.streams["data"], pair.streams["error"]
        try:
            await forward(data, error, self._pod, pair.port)
        finally:
            for stream in (data, error):
                stream.inbound.discard()
                self._connection.forget(stream)

    def _expire(self, request: str) -> None:
        if (pair := self._pairs.pop(request, None)) is not None:
            self._start(self._refuse(list(pair.streams.values())))

    async def _refuse(self, streams: list[spdyconnection.Stream]) -> None:
        with contextlib.suppress(ConnectionError):
            for stream in streams:
                await stream.abort(spdy.REFUSED_STREAM)
                self._connection.forget(stream)

    def _start(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
