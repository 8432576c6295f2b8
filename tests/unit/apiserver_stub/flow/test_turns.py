"""Turns: one piece a round, flows in rotation."""

import asyncio

from apiserver_stub.flow.turns import Turns


async def stream(turns, flow, name, pieces, sent):
    for _ in range(pieces):
        await turns.next(flow)
        sent.append(name)


async def test_a_flow_of_one_stream_gets_as_much_as_one_of_many():
    turns, sent = Turns(), []
    many = [stream(turns, "noisy", f"n{i}", 4, sent) for i in range(5)]
    await asyncio.gather(*many, stream(turns, "operator", "o", 4, sent))
    assert sent.index("o") <= 1
    assert [name for name in sent[:8] if name == "o"] == ["o"] * 4
    assert len(sent) == 24


async def test_one_piece_for_each_round_of_the_loop():
    turns, sent = Turns(), []
    streams = [asyncio.create_task(stream(turns, i, i, 3, sent)) for i in range(10)]
    before = 0
    while not all(task.done() for task in streams):
        await asyncio.sleep(0)
        assert len(sent) - before <= 1
        before = len(sent)
    assert len(sent) == 30


async def test_who_leaves_does_not_stop_the_others():
    turns, sent = Turns(), []
    leaving = asyncio.create_task(stream(turns, "a", "a", 1, sent))
    staying = asyncio.create_task(stream(turns, "b", "b", 2, sent))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert sent == ["b", "b"]


def test_a_loop_that_ended_does_not_hold_up_the_next():
    turns, sent = Turns(), []

    async def left():
        task = asyncio.create_task(stream(turns, "a", "a", 3, sent))
        await asyncio.sleep(0)
        assert not task.done()

    asyncio.run(left())
    asyncio.run(stream(turns, "b", "b", 2, sent))
    assert sent[-2:] == ["b", "b"]
