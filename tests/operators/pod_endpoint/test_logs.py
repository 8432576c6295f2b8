import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSMsgType

from tests.operators.pod_endpoint.conftest import Endpoint
from tests.operators.pod_endpoint.machine import line

LOGS = "/containerLogs/ns/web/c"


@pytest.fixture
async def process() -> AsyncIterator[asyncio.subprocess.Process]:
    """What stands for the container's first process."""
    running = await asyncio.create_subprocess_exec("sleep", "100")
    yield running
    if running.returncode is None:
        running.kill()
        await running.wait()


async def text(http: ClientSession, query: str = "") -> tuple[int, str]:
    async with http.get(LOGS + query) as answer:
        return answer.status, await answer.text()


async def test_runs_and_options(endpoint: Endpoint, http: ClientSession) -> None:
    directory = endpoint.machine.add().log_dir
    now = time.time_ns()
    (directory / "one.log").write_bytes(line("first run"))
    os.utime(directory / "one.log", (1, 1))
    (directory / "two.log").write_bytes(
        line("old", at=now - 3600 * 10**9) + line("err", "stderr") + line("par", tag="P") + line("tial")
    )
    assert await text(http) == (200, "old\nerr\npartial\n")
    assert await text(http, "?previous=true") == (200, "first run\n")
    assert await text(http, "?tailLines=1") == (200, "partial\n")
    assert await text(http, "?tailLines=0") == (200, "")
    assert await text(http, "?sinceSeconds=60") == (200, "err\npartial\n")
    assert await text(http, "?limitBytes=5") == (200, "old\ne")
    assert await text(http, "?stream=Stderr") == (200, "err\n")
    _, stamped = await text(http, "?timestamps=true&tailLines=1")
    assert stamped.endswith("Z partial\n") and stamped.startswith("20")


async def test_errors(endpoint: Endpoint, http: ClientSession) -> None:
    endpoint.machine.add(state="waiting", reason="ContainerCreating")
    waiting = 'container "c" in pod "web" is waiting to start: ContainerCreating'
    assert await text(http) == (400, waiting)
    assert await text(http, "?previous=1") == (400, 'previous terminated container "c" in pod "web" not found')
    assert (await text(http, "?tailLines=-1"))[0] == 400
    async with http.get("/containerLogs/ns/web/other") as answer:
        assert (answer.status, await answer.text()) == (404, 'container "other" not found in pod "web"\n')
    async with http.get("/containerLogs/ns/other/c") as answer:
        assert (answer.status, await answer.text()) == (404, 'pod "other" not found\n')
    async with http.get("/containerLogs/ns/web/..%2f..%2fetc") as answer:
        assert answer.status == 404


class Follower:
    """A client that follows; what it has received, and whether the stream has ended."""

    def __init__(self, http: ClientSession, query: str = "?follow=true") -> None:
        self.received = b""
        self._task = asyncio.create_task(self._read(http, query))

    async def _read(self, http: ClientSession, query: str) -> None:
        async with http.get(LOGS + query) as answer:
            async for piece in answer.content.iter_any():
                self.received += piece

    async def until(self, end: bytes) -> None:
        async with asyncio.timeout(5):
            while not self.received.endswith(end):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def ended(self) -> None:
        await asyncio.wait_for(asyncio.shield(self._task), 5)

    @property
    def done(self) -> bool:
        return self._task.done()

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_follow_ends_with_the_container_and_loses_nothing(
    endpoint: Endpoint, http: ClientSession, process: asyncio.subprocess.Process
) -> None:
    log = endpoint.machine.add(pid=process.pid).log_dir / "one.log"
    with log.open("wb", buffering=0) as conmon:
        conmon.write(line("before"))
        client = Follower(http)
        await client.until(b"before\n")
        conmon.write(line("now"))
        await client.until(b"now\n")
        conmon.write(line("torn in two")[:30])
        await asyncio.sleep(0.05)
        assert client.received.endswith(b"now\n")
        conmon.write(line("torn in two")[30:])
        await client.until(b"torn in two\n")
        process.kill()
        await process.wait()
        conmon.write(line("last words"))
    await client.ended()
    assert client.received == b"before\nnow\ntorn in two\nlast words\n"


async def test_follow_goes_on_across_rotation(
    endpoint: Endpoint, http: ClientSession, process: asyncio.subprocess.Process
) -> None:
    log = endpoint.machine.add(pid=process.pid).log_dir / "one.log"
    conmon = log.open("wb", buffering=0)
    client = Follower(http)
    expected = b""
    for rotation in range(3):
        conmon.write(line(f"before {rotation}"))
        log.rename(f"{log}.2024010{rotation + 1}-000000")
        conmon.write(line(f"renamed {rotation}"))
        await asyncio.sleep(0.05)
        conmon.close()
        await asyncio.sleep(0.05)
        temporary = log.with_suffix(".log.tmp")  # as conmon does it
        conmon = temporary.open("wb", buffering=0)
        temporary.rename(log)
        conmon.write(line(f"after {rotation}"))
        expected += f"before {rotation}\nrenamed {rotation}\nafter {rotation}\n".encode()
        await client.until(expected[-8:])
    assert not client.done
    process.kill()
    await process.wait()
    conmon.close()
    await client.ended()
    assert client.received == expected
    assert (await text(http))[1].encode() == expected
    assert (await text(http, "?tailLines=4"))[1] == "after 1\nbefore 2\nrenamed 2\nafter 2\n"


async def test_follow_of_a_container_that_is_over_just_ends(endpoint: Endpoint, http: ClientSession) -> None:
    (endpoint.machine.add(state="terminated").log_dir / "one.log").write_bytes(line("all"))
    assert await asyncio.wait_for(text(http, "?follow=true"), 5) == (200, "all\n")


async def test_follow_whose_container_ended_unnoticed_ends(endpoint: Endpoint, http: ClientSession) -> None:
    (endpoint.machine.add(pid=2**22 - 1).log_dir / "one.log").write_bytes(line("all"))
    assert await asyncio.wait_for(text(http, "?follow=true"), 5) == (200, "all\n")


async def test_follow_ends_when_the_logs_are_removed(
    endpoint: Endpoint, http: ClientSession, process: asyncio.subprocess.Process
) -> None:
    log = endpoint.machine.add(pid=process.pid).log_dir / "one.log"
    log.write_bytes(line("x"))
    client = Follower(http)
    await client.until(b"x\n")
    log.unlink()
    log.parent.rmdir()
    await client.ended()


async def test_a_follower_who_leaves_is_forgotten(
    endpoint: Endpoint, http: ClientSession, process: asyncio.subprocess.Process
) -> None:
    (endpoint.machine.add(pid=process.pid).log_dir / "one.log").write_bytes(line("x"))
    client = Follower(http)
    await client.until(b"x\n")
    watching = watches()
    assert watching
    await client.leave()
    async with asyncio.timeout(5):
        while watches() >= watching:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def watches() -> int:
    def target(path: Path) -> str:
        try:
            return str(path.readlink())
        except OSError:
            return ""

    return sum("inotify" in target(path) for path in Path("/proc/self/fd").iterdir())


async def test_limit_and_tail_while_following(
    endpoint: Endpoint, http: ClientSession, process: asyncio.subprocess.Process
) -> None:
    log = endpoint.machine.add(pid=process.pid).log_dir / "one.log"
    log.write_bytes(line("old") + line("new"))
    client = Follower(http, "?follow=true&tailLines=1&limitBytes=8")
    await client.until(b"new\n")
    with log.open("ab") as conmon:
        conmon.write(line("truncated"))
    await client.ended()
    assert client.received == b"new\ntrun"


async def test_over_websocket(endpoint: Endpoint, http: ClientSession) -> None:
    (endpoint.machine.add().log_dir / "one.log").write_bytes(line("hello"))
    async with http.ws_connect(LOGS, protocols=["binary.k8s.io"]) as socket:
        assert socket.protocol == "binary.k8s.io"
        assert await socket.receive_bytes() == b"hello\n"
        assert (await socket.receive()).type is WSMsgType.CLOSE


async def test_a_slow_client_holds_the_reading_back(endpoint: Endpoint, http: ClientSession) -> None:
    """64 MB for a client that reads nothing must stay on the disk."""
    log = endpoint.machine.add().log_dir / "one.log"
    log.write_bytes(line("x" * 1000) * 64_000)
    before = peak()
    async with http.get(LOGS) as answer:
        await asyncio.sleep(1)
        assert peak() - before < 24_000
        size = 0
        async for piece in answer.content.iter_chunked(1 << 20):
            size += len(piece)
    assert size == 64_000 * 1001


def peak() -> int:
    """kB resident now."""
    for entry in Path("/proc/self/status").read_text().splitlines():
        if entry.startswith("VmRSS:"):
            return int(entry.split()[1])
    raise AssertionError
