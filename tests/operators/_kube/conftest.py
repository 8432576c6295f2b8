"""A fake API server, and operators run against it by the real host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from operators._kube.controller import Controller
from operators._kube.host import Host
from operators._kube.kubeconfig import Connection
from operators._kube.session import Link
from tests.fakes.server import FakeServer, running

Running = Callable[..., AbstractAsyncContextManager[Host]]


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with running() as server:
        yield server


@pytest.fixture
def running_host(server: FakeServer) -> Iterator[Running]:
    """`async with running_host(controller, …) as host`: all of them have listed everything, and end with the block."""

    @asynccontextmanager
    async def run(*controllers: Controller, wait: bool = True) -> AsyncIterator[Host]:
        link = Link(lambda: Connection(server.url))
        host = Host(controllers, link)
        task = asyncio.create_task(host.run())
        try:
            if wait:
                await until(lambda: all(member.is_synced for member in host.members.values()), task=task)
            yield host
        finally:
            host.stop()
            await asyncio.wait_for(task, 5)

    yield run


async def until(
    condition: Callable[[], object], *, seconds: float = 5.0, task: asyncio.Task[None] | None = None
) -> None:
    """Wait for a condition; fail after `seconds`, or when `task` ended."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if task is not None and task.done():
            task.result()
        assert asyncio.get_running_loop().time() < end, "it did not come true in time"
        await asyncio.sleep(0.005)


async def until_async(look: Callable[[], Awaitable[object]], wanted: object, *, seconds: float = 10.0) -> None:
    """Wait until what `look` finds is as wanted."""
    end = asyncio.get_running_loop().time() + seconds
    while (found := await look()) != wanted:
        assert asyncio.get_running_loop().time() < end, f"{found} is not {wanted} in time"
        await asyncio.sleep(0.05)
