import asyncio

from operators.pod.endpoint.inbound import Inbound


async def test_pieces_come_out_in_order_then_the_end() -> None:
    stream = Inbound()
    for piece in (b"one", b"", b"two"):
        await stream.put(piece)
    stream.end()
    await stream.put(b"too late")
    assert [await stream.get() for _ in range(4)] == [b"one", b"two", b"", b""]


async def test_a_full_stream_holds_its_writer_until_it_is_read() -> None:
    stream = Inbound(limit=4)
    await stream.put(b"abc")
    writing = asyncio.create_task(stream.put(b"def"))
    await asyncio.sleep(0)
    assert not writing.done()
    assert await stream.get() == b"abc"
    await writing
    assert await stream.get() == b"def"


async def test_discarding_lets_a_held_writer_go() -> None:
    stream = Inbound(limit=1)
    writing = asyncio.create_task(stream.put(b"abc"))
    await asyncio.sleep(0)
    stream.discard()
    await asyncio.wait_for(writing, 1)
    await stream.put(b"dropped")
    stream.end()
    assert await stream.get() == b""


async def test_a_waiting_reader_is_woken() -> None:
    stream = Inbound()
    reading = asyncio.create_task(stream.get())
    await asyncio.sleep(0)
    await stream.put(b"x")
    assert await asyncio.wait_for(reading, 1) == b"x"
    reading = asyncio.create_task(stream.get())
    await asyncio.sleep(0)
    stream.end()
    assert await asyncio.wait_for(reading, 1) == b""
