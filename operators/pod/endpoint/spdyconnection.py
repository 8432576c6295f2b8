"""SPDY streams over one connection: either end of it, driven by the frames of spdy.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from operators.pod.endpoint import inbound, spdy, upgrade

MAX_STREAMS = 2048
CHUNK = 64 * 1024
_LINGER = 2.0  # seconds the peer gets to close after GOAWAY, so that a reset does not overtake the last data


class Stream:
    """One stream; headers: of its SYN_STREAM, the first value of each."""

    def __init__(self, connection: Connection, id: int, headers: Mapping[str, str]) -> None:
        self._connection = connection
        self.id = id
        self.headers = headers
        self.inbound = inbound.Inbound()
        self._ended = False  # our direction
        self.reset = False

    async def read(self) -> bytes:
        """The next piece; b"" when the peer ended the stream or is gone."""
        return await self.inbound.get()

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the stream or the connection is gone."""
        for start in range(0, len(data), CHUNK):
            if self.reset or self._ended:
                raise ConnectionResetError("stream is closed")
            await self._connection.send(spdy.Data(self.id, data[start : start + CHUNK]))

    async def end(self) -> None:
        """Half close: we write no more."""
        if self._ended or self.reset:
            return
        self._ended = True
        await self._connection.send(spdy.Data(self.id, b"", fin=True))

    async def abort(self, status: int = spdy.CANCEL) -> None:
        if not self.reset:
            self.reset = True
            self.inbound.end()
            await self._connection.send(spdy.Reset(self.id, status))


class Connection:
    """`run` reads until the peer is gone; streams that the peer opens come out of `accept`."""

    def __init__(self, pipe: upgrade.Pipe, *, server: bool = True) -> None:
        self._pipe = pipe
        self._encoder = spdy.Encoder()
        self._decoder = spdy.Decoder()
        self._lock = asyncio.Lock()  # frames must leave in the order of their header compression
        self._streams: dict[int, Stream] = {}
        self._opened: asyncio.Queue[Stream | None] = asyncio.Queue()
        self._next = 2 if server else 1
        self._last = 0  # the newest stream of the peer
        self._pings = 0 if server else 1  # parity of our own pings
        self._closing = False

    async def send(self, frame: spdy.Frame) -> None:
        async with self._lock:
            await self._pipe.write(self._encoder.encode(frame))

    async def open(self, headers: Mapping[str, str], *, fin: bool = False) -> Stream:
        """A new stream of ours."""
        stream = Stream(self, self._next, headers)
        self._next += 2
        self._streams[stream.id] = stream
        multi = {name.lower(): (value,) for name, value in headers.items()}
        await self.send(spdy.SynStream(stream.id, multi, fin=fin))
        return stream

    async def accept(self) -> Stream | None:
        """The next stream of the peer; None when there will be no more."""
        return await self._opened.get()

    async def run(self) -> None:
        """Returns when the peer closed the connection or broke the protocol."""
        try:
            while piece := await self._pipe.read():
                for frame in self._decoder.feed(piece):
                    if isinstance(frame, spdy.GoAway):
                        return
                    await self._take(frame)
        except spdy.ProtocolError:
            await self._say_goodbye(1)
        except ConnectionError:
            pass
        finally:
            for stream in self._streams.values():
                stream.inbound.end()
            self._opened.put_nowait(None)

    def forget(self, stream: Stream) -> None:
        """Of a stream that both sides are done with."""
        self._streams.pop(stream.id, None)

    async def close(self, running: asyncio.Task[None]) -> None:
        """Says goodbye and waits a little for the peer to close first; `running`: the task of `run`."""
        self._closing = True
        for stream in self._streams.values():
            stream.inbound.discard()
        await self._say_goodbye(0)
        await asyncio.wait([running], timeout=_LINGER)
        running.cancel()

    async def _say_goodbye(self, status: int) -> None:
        try:
            async with asyncio.timeout(_LINGER):
                await self.send(spdy.GoAway(self._last, status))
        except (ConnectionError, TimeoutError):
            pass

    async def _take(self, frame: spdy.Frame) -> None:
        match frame:
            case spdy.Data(id, payload, fin):
                if (stream := self._streams.get(id)) is not None:
                    await stream.inbound.put(payload)
                    if fin:
                        stream.inbound.end()
            case spdy.SynStream():
                await self._take_stream(frame)
            case spdy.SynReply(id, _, fin) | spdy.Head(id, _, fin):
                if fin and (stream := self._streams.get(id)) is not None:
                    stream.inbound.end()
            case spdy.Reset(id, _):
                if (stream := self._streams.pop(id, None)) is not None:
                    stream.reset = True
                    stream.inbound.end()
            case spdy.Ping(id):
                if id % 2 != self._pings:
                    await self.send(frame)

    async def _take_stream(self, frame: spdy.SynStream) -> None:
        if frame.stream <= self._last or frame.stream % 2 == self._next % 2:
            raise spdy.ProtocolError(f"stream {frame.stream} after {self._last}")
        self._last = frame.stream
        if self._closing or len(self._streams) >= MAX_STREAMS:
            await self.send(spdy.Reset(frame.stream, spdy.REFUSED_STREAM))
            return
        stream = Stream(self, frame.stream, {name: values[0] for name, values in frame.headers.items()})
        self._streams[stream.id] = stream
        if frame.fin:
            stream.inbound.end()
        await self.send(spdy.SynReply(stream.id))
        self._opened.put_nowait(stream)
