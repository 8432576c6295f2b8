import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from operators.pod.endpoint import attach, channels
from tests.operators.pod_endpoint import clients
from tests.operators.pod_endpoint.conftest import Endpoint

ID = "a" * 64


class Conmon:
    """conmon's attach socket and control pipe."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        place = os.open(directory, os.O_PATH)  # the whole path is too long for a socket address
        self._listener.bind(f"/proc/self/fd/{place}/attach")
        os.close(place)
        self._listener.listen()
        os.mkfifo(directory / "ctl")
        self.control = os.open(directory / "ctl", os.O_RDWR | os.O_NONBLOCK)
        self.connection: socket.socket | None = None

    async def accept(self) -> None:
        loop = asyncio.get_running_loop()
        self.connection, _ = await asyncio.wait_for(loop.sock_accept(self._listener), 5)

    async def send(self, kind: int, data: bytes) -> None:
        assert self.connection is not None
        await asyncio.get_running_loop().sock_sendall(self.connection, bytes((kind,)) + data)

    async def receive(self) -> bytes:
        assert self.connection is not None
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.connection, 65536), 5)

    def end(self) -> None:
        for one in (self.connection, self._listener):
            if one is not None:
                one.close()


@pytest.fixture
async def conmon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Conmon]:
    monkeypatch.setattr(attach, "STORAGE", tmp_path / ("long" * 30))
    made = Conmon(attach.STORAGE / ID / "userdata")
    yield made
    made.end()
    os.close(made.control)


def path(streams: str) -> str:
    return "/attach/ns/web/c?" + "&".join(f"{name}=1" for name in streams.split())


async def test_both_ways_until_the_container_ends(endpoint: Endpoint, http: ClientSession, conmon: Conmon) -> None:
    endpoint.machine.add(container_id=ID, stdin=True, stdin_once=True)
    async with clients.websocket(http, path("stdin stdout stderr")) as client:
        await conmon.accept()
        await conmon.send(2, b"out")
        await conmon.send(3, b"err")
        await conmon.send(9, b"nonsense")
        await client.until(b"err", channels.STDERR)
        await client.type(b"x" * 20_000)
        assert [len(await conmon.receive()) for _ in range(3)] == [8192, 8192, 3616]
        await client.half_close()
        assert await conmon.receive() == b""
        conmon.end()
        assert (await client.finish())["status"] == "Success"
    assert client.received[channels.STDOUT] == b"out"


async def test_terminal_size_goes_to_the_control_pipe(endpoint: Endpoint, http: ClientSession, conmon: Conmon) -> None:
    endpoint.machine.add(container_id=ID, stdin=True, tty=True)
    async with clients.websocket(http, path("stdin stdout tty")) as client:
        await conmon.accept()
        await client.send(channels.RESIZE, b'{"Width":80,"Height":24}')
        await conmon.send(2, b"$ ")
        await client.until(b"$ ")
        await asyncio.sleep(0.05)
        assert os.read(conmon.control, 100) == b"1 24 80\n"


async def test_sizes_are_told_one_by_one(endpoint: Endpoint, http: ClientSession, conmon: Conmon) -> None:
    """conmon loses a size that comes together with another one; kubectl sends two at once."""
    endpoint.machine.add(container_id=ID, stdin=True, tty=True)
    told = []
    async with clients.websocket(http, path("stdin stdout tty")) as client:
        await conmon.accept()
        for height in (25, 24, 23, 22):
            await client.send(channels.RESIZE, b'{"Width":80,"Height":%d}' % height)
        async with asyncio.timeout(5):
            while b"1 22 80\n" not in told:
                await asyncio.sleep(0.01)
                with contextlib.suppress(BlockingIOError):
                    told.append(os.read(conmon.control, 100))
    assert all(message.count(b"\n") == 1 for message in told)


@pytest.mark.parametrize("streams", ["stdout", "stdin stdout"])
async def test_a_client_who_leaves_does_not_end_the_containers_stdin(
    endpoint: Endpoint, http: ClientSession, conmon: Conmon, streams: str
) -> None:
    """conmon would take our leaving for the end of stdin."""
    endpoint.machine.add(container_id=ID, stdin=True)
    async with clients.websocket(http, path(streams)) as client:
        await conmon.accept()
        await conmon.send(2, b"x")
        await client.until(b"x")
        await client.half_close()
    for _ in range(50):
        await conmon.send(2, b"more" * 1000)  # somebody still reads
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(conmon.receive(), 0.3)


async def test_a_container_without_stdin(endpoint: Endpoint, http: ClientSession, conmon: Conmon) -> None:
    endpoint.machine.add(container_id=ID)
    async with clients.websocket(http, path("stdin stdout")) as client:
        await conmon.accept()
        await client.type(b"nobody listens" * 100_000)
        await conmon.send(2, b"x")
        await client.until(b"x")
    assert await conmon.receive() == b""  # the connection ended with the client; nothing was typed


async def test_no_conmon(endpoint: Endpoint, http: ClientSession, tmp_path: Path) -> None:
    endpoint.machine.add(container_id="b" * 64)
    async with clients.websocket(http, path("stdout")) as client:
        status = await client.finish()
    assert status["message"].startswith("Internal error occurred: error attaching to container: ")
