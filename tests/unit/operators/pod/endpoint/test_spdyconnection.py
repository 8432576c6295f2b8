import asyncio
from collections.abc import AsyncIterator

import pytest

from operators.pod.endpoint import spdy, spdyconnection


class Wire:
    """A Pipe: what the peer sends is put into `incoming`, what is sent to it is decoded into `sent`."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.sent: asyncio.Queue[spdy.Frame] = asyncio.Queue()
        self._decoder = spdy.Decoder()
        self._encoder = spdy.Encoder()

    async def read(self) -> bytes:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self.sent.put_nowait(frame)

    def receive(self, frame: spdy.Frame) -> None:
        self.incoming.put_nowait(self._encoder.encode(frame))

    async def answer(self) -> spdy.Frame:
        return await asyncio.wait_for(self.sent.get(), 1)


@pytest.fixture
async def wire() -> Wire:
    return Wire()


@pytest.fixture
async def connection(wire: Wire) -> AsyncIterator[spdyconnection.Connection]:
    made = spdyconnection.Connection(wire)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_streams_are_accepted_and_answered(wire: Wire, connection: spdyconnection.Connection) -> None:
    wire.receive(spdy.SynStream(1, {"streamtype": ("data", "ignored")}))
    assert await wire.answer() == spdy.SynReply(1, {})
    stream = await connection.accept()
    assert stream is not None and stream.headers == {"streamtype": "data"}
    wire.receive(spdy.Data(1, b"hello", fin=True))
    assert [await stream.read(), await stream.read()] == [b"hello", b""]
    await stream.write(b"x" * (spdyconnection.CHUNK + 1))
    await stream.end()
    assert [await wire.answer() for _ in range(3)] == [
        spdy.Data(1, b"x" * spdyconnection.CHUNK),
        spdy.Data(1, b"x"),
        spdy.Data(1, b"", fin=True),
    ]
    with pytest.raises(ConnectionError):
        await stream.write(b"after the end")


async def test_pings_of_the_peer_are_answered_our_own_are_not(
    wire: Wire, connection: spdyconnection.Connection
) -> None:
    wire.receive(spdy.Ping(2))
    wire.receive(spdy.Settings(((0, 4, 100),)))
    wire.receive(spdy.WindowUpdate(1, 100))
    wire.receive(spdy.Data(99, b"to nobody"))
    wire.receive(spdy.Ping(1))
    assert await wire.answer() == spdy.Ping(1)


async def test_a_reset_ends_the_stream(wire: Wire, connection: spdyconnection.Connection) -> None:
    wire.receive(spdy.SynStream(1, {}))
    stream = await connection.accept()
    assert stream is not None
    wire.receive(spdy.Reset(1, spdy.CANCEL))
    assert await stream.read() == b""
    with pytest.raises(ConnectionError):
        await stream.write(b"x")


async def test_too_many_streams_are_refused(
    wire: Wire, connection: spdyconnection.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spdyconnection, "MAX_STREAMS", 1)
    wire.receive(spdy.SynStream(1, {}))
    wire.receive(spdy.SynStream(3, {}))
    assert [await wire.answer(), await wire.answer()] == [spdy.SynReply(1, {}), spdy.Reset(3, spdy.REFUSED_STREAM)]


@pytest.mark.parametrize("ids", [(2,), (3, 1), (3, 3)], ids=["ours", "backwards", "again"])
async def test_wrong_stream_numbers_end_the_connection(
    wire: Wire, connection: spdyconnection.Connection, ids: tuple[int, ...]
) -> None:
    for number in ids:
        wire.receive(spdy.SynStream(number, {}))
    last: spdy.Frame | None = None
    while not isinstance(last, spdy.GoAway):
        last = await wire.answer()
    assert last.status == 1
    while await connection.accept() is not None:
        pass


@pytest.mark.parametrize("end", [b"", b"\x80\x02 garbage", None], ids=["closed", "garbage", "goaway"])
async def test_the_end_of_the_connection_ends_everything(
    wire: Wire, connection: spdyconnection.Connection, end: bytes | None
) -> None:
    wire.receive(spdy.SynStream(1, {}))
    stream = await connection.accept()
    assert stream is not None
    if end is None:
        wire.receive(spdy.GoAway(0))
    else:
        wire.incoming.put_nowait(end)
    assert await asyncio.wait_for(stream.read(), 1) == b""
    assert await asyncio.wait_for(connection.accept(), 1) is None
