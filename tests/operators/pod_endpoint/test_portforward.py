import asyncio
import contextlib
import os
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSMsgType

from operators.pod.endpoint import channels, netns, portforward, spdyconnection, upgrade
from tests.operators.pod_endpoint import clients
from tests.operators.pod_endpoint.conftest import Endpoint

WHERE = "/portForward/ns/web"
BIG = os.urandom(1 << 20) * 16


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that answers with what it got, once that is complete."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(await reader.read())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture(autouse=True)
def pod(endpoint: Endpoint) -> None:
    endpoint.machine.add()


async def pair(
    spdy: spdyconnection.Connection, port: int, request: str
) -> tuple[spdyconnection.Stream, spdyconnection.Stream]:
    headers = {"port": str(port), "requestID": request}
    error = await spdy.open(headers | {"streamType": "error"}, fin=True)
    return await spdy.open(headers | {"streamType": "data"}), error


async def exchange(spdy: spdyconnection.Connection, port: int, request: str, text: bytes) -> tuple[bytes, bytes]:
    data, error = await pair(spdy, port, request)

    async def send() -> None:
        with contextlib.suppress(ConnectionError):
            await data.write(text)
            await data.end()

    sending = asyncio.create_task(send())
    answer = await clients.everything(data), await clients.everything(error)
    await sending
    return answer


async def test_many_connections_over_one(endpoint: Endpoint, echo: int) -> None:
    async with clients.spdy(endpoint.port, endpoint.context, WHERE, portforward.PROTOCOL) as spdy:
        texts = [f"{number}".encode() * 1000 for number in range(20)]
        answers = await asyncio.gather(*(exchange(spdy, echo, str(n), text) for n, text in enumerate(texts)))
        assert answers == [(text, b"") for text in texts]
        assert await exchange(spdy, echo, "big", BIG) == (BIG, b"")


async def test_a_refused_port_is_told_and_the_rest_goes_on(endpoint: Endpoint, echo: int, free_port: int) -> None:
    async with clients.spdy(endpoint.port, endpoint.context, WHERE, portforward.PROTOCOL) as spdy:
        answer, error = await exchange(spdy, free_port, "1", b"x")
        assert answer == b""
        assert error.decode() == (
            f"error forwarding port {free_port} to pod web, uid uid-web: failed to execute portforward: "
            f'failed to connect to localhost:{free_port} inside namespace "host", '
            f"IPv4: dial tcp4 127.0.0.1:{free_port}: connect: connection refused "
            f"IPv6 dial tcp6 [::1]:{free_port}: connect: connection refused "
        )
        assert await exchange(spdy, echo, "2", b"x") == (b"x", b"")


@pytest.fixture
def free_port(unused_tcp_port: int) -> int:
    return unused_tcp_port


@pytest.mark.parametrize(
    "headers",
    [
        {"streamType": "data", "port": "0", "requestID": "1"},
        {"streamType": "data", "port": "99999", "requestID": "1"},
        {"streamType": "stdin", "port": "80", "requestID": "1"},
        {"streamType": "data", "requestID": "1"},
    ],
)
async def test_wrong_streams_are_reset(endpoint: Endpoint, headers: dict[str, str], echo: int) -> None:
    async with clients.spdy(endpoint.port, endpoint.context, WHERE, portforward.PROTOCOL) as spdy:
        stream = await spdy.open(headers)
        assert await asyncio.wait_for(stream.read(), 5) == b""
        assert stream.reset
        assert await exchange(spdy, echo, "2", b"x") == (b"x", b"")


async def test_a_connection_reset_by_the_client_reaches_the_pod(endpoint: Endpoint) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(b"hello")
            await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with clients.spdy(endpoint.port, endpoint.context, WHERE, portforward.PROTOCOL) as spdy:
        data, error = await pair(spdy, port, "1")
        assert await data.read() == b"hello"
        await data.abort()
        assert await asyncio.wait_for(clients.everything(error), 5) == b""
        await asyncio.wait_for(ended.wait(), 5)
        ended.clear()
        data, _ = await pair(spdy, port, "2")
        assert await data.read() == b"hello"
    await asyncio.wait_for(ended.wait(), 5)  # also when the whole client goes away
    server.close()


async def test_spdy_inside_websocket(endpoint: Endpoint, http: ClientSession, echo: int) -> None:
    async with http.ws_connect(WHERE, protocols=[channels.TUNNEL], max_msg_size=0) as socket:
        assert socket.protocol == channels.TUNNEL

        class Pipe(upgrade.Pipe):
            async def read(self) -> bytes:
                message = await socket.receive()
                return bytes(message.data) if message.type is WSMsgType.BINARY else b""

            async def write(self, data: bytes) -> None:
                for start in range(0, len(data), 1000):  # cut anywhere
                    await socket.send_bytes(data[start : start + 1000])

        spdy = spdyconnection.Connection(Pipe(), server=False)
        running = asyncio.create_task(spdy.run())
        assert await exchange(spdy, echo, "1", b"hello" * 1000) == (b"hello" * 1000, b"")
        assert await exchange(spdy, echo, "2", BIG[: 1 << 20]) == (BIG[: 1 << 20], b"")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_older_channels(endpoint: Endpoint, http: ClientSession, free_port: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"got " + await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    received: dict[int, bytes] = {}
    async with http.ws_connect(f"{WHERE}?ports={port}&ports={free_port}", protocols=[channels.V4]) as socket:
        await socket.send_bytes(channels.message(0, b"hello\n"))
        while (message := await socket.receive()).type is WSMsgType.BINARY:
            channel, data = channels.split(message.data)
            received[channel] = received.get(channel, b"") + data
    head, other = struct.pack("<H", port), struct.pack("<H", free_port)
    assert received[0] == head + b"got hello\n"
    assert received[1] == head
    assert received[2] == other
    assert received[3].startswith(other + b"error forwarding port")
    server.close()


@pytest.fixture
def namespace() -> Iterator[Path]:
    name = f"uktest{os.getpid()}"
    if os.geteuid() != 0 or subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        pytest.skip("needs root and network namespaces")
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield Path("/run/netns") / name
    subprocess.run(["ip", "netns", "del", name], check=True)


ECHO = """
import socket
server = socket.create_server((HOST, 8080), family=FAMILY)
print("ready", flush=True)
connection, _ = server.accept()
connection.sendall(b"from inside")
"""


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "AF_INET"), ("::1", "AF_INET6")])
async def test_inside_a_network_namespace(endpoint: Endpoint, namespace: Path, host: str, family: str) -> None:
    endpoint.machine.set_netns("web", namespace)
    script = ECHO.replace("HOST", repr(host)).replace("FAMILY", f"socket.{family}")
    inside = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", namespace.name, "python3", "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert inside.stdout is not None
    assert await inside.stdout.readline() == b"ready\n"
    before = namespaces()
    async with clients.spdy(endpoint.port, endpoint.context, WHERE, portforward.PROTOCOL) as spdy:
        assert await exchange(spdy, 8080, "1", b"") == (b"from inside", b"")
    await inside.wait()
    assert namespaces() == before, "a thread stayed in the Pod's network namespace"


def namespaces() -> set[int]:
    """The network namespaces of all our threads."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that ended meanwhile is in no namespace
            found.add((task / "ns/net").stat().st_ino)
    return found


async def test_a_namespace_that_is_gone() -> None:
    with pytest.raises(netns.NotConnected, match="no such file or directory"):
        await netns.connect(Path("/run/netns/none-such"), 80)
