"""Waiting for a change of a table, and no longer than that."""

import asyncio

from apiserver_stub.storage.broadcast import Broadcast

TABLE = ("", "pods")


async def test_a_change_wakes_only_those_who_wait_for_it() -> None:
    broadcast = Broadcast()
    pods, nodes = (asyncio.ensure_future(broadcast.wait(("", name), 60)) for name in ("pods", "nodes"))
    await asyncio.sleep(0)
    assert broadcast.waiting == 2
    broadcast.publish(TABLE)
    await pods
    assert (broadcast.waiting, nodes.done()) == (1, False)
    broadcast.publish_all()
    await nodes


async def test_the_time_ends_a_wait_and_leaves_nothing() -> None:
    broadcast = Broadcast()
    await broadcast.wait(TABLE, 0.01)
    assert broadcast.waiting == 0


async def test_a_wait_that_is_given_up_leaves_nothing() -> None:
    broadcast = Broadcast()
    waiting = asyncio.ensure_future(broadcast.wait(TABLE))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert broadcast.waiting == 0
    broadcast.publish(TABLE)
