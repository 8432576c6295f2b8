import asyncio
import os
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from operators.pod.endpoint import channels
from tests.operators.pod_endpoint import clients
from tests.operators.pod_endpoint.conftest import Endpoint

BIG = os.urandom(1 << 20) * 24


def path(*command: str, streams: str = "stdin stdout stderr", kind: str = "exec") -> str:
    query = [("command", word) for word in command] + [(name, "1") for name in streams.split()]
    return f"/{kind}/ns/web/c?{urlencode(query)}"


@pytest.fixture(autouse=True)
def container(endpoint: Endpoint) -> None:
    endpoint.machine.add(pid=os.getpid())


@pytest.mark.parametrize(
    ("script", "out", "err", "code"),
    [
        ("echo out; echo err >&2", b"out\n", b"err\n", 0),
        ("exit 3", b"", b"", 3),
        ("kill -9 $$", b"", b"", 137),
    ],
)
async def test_websocket(http: ClientSession, script: str, out: bytes, err: bytes, code: int) -> None:
    async with clients.websocket(http, path("sh", "-c", script)) as client:
        status = await client.finish()
    assert (client.received[channels.STDOUT], client.received[channels.STDERR]) == (out, err)
    if code:
        assert status["reason"] == "NonZeroExitCode"
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": str(code)}]
    else:
        assert status == {"metadata": {}, "status": "Success"}


async def test_the_oldest_protocol_tells_errors_as_text(http: ClientSession) -> None:
    async with http.ws_connect(path("sh", "-c", "echo hi; exit 3"), protocols=[channels.V1]) as socket:
        messages = []
        while (message := await socket.receive()).type is WSMsgType.BINARY:
            messages.append(message.data)
    assert messages[:2] == [b"\x01", b"\x01hi\n"]
    assert messages[2].startswith(b"\x03command terminated with non-zero exit code")


async def test_spdy(endpoint: Endpoint) -> None:
    async with clients.spdy(endpoint.port, endpoint.context, path("sh", "-c", "cat; echo err >&2; exit 4")) as spdy:
        error, stdin, stdout, stderr = [
            await spdy.open({"streamType": name}) for name in ("error", "stdin", "stdout", "stderr")
        ]
        await stdin.write(b"typed")
        await stdin.end()
        assert await clients.everything(stdout) == b"typed"
        assert await clients.everything(stderr) == b"err\n"
        status = orjson.loads(await clients.everything(error))
    assert status["details"]["causes"][0]["message"] == "4"


async def test_24_megabytes_there_and_back_over_websocket(http: ClientSession) -> None:
    async with clients.websocket(http, path("cat")) as client:

        async def type() -> None:
            await client.type(BIG)
            await client.half_close()

        typing = asyncio.create_task(type())
        assert (await client.finish())["status"] == "Success"
        await typing
    assert client.received[channels.STDOUT] == BIG


async def test_24_megabytes_there_and_back_over_spdy(endpoint: Endpoint) -> None:
    where = path("cat", streams="stdin stdout")
    async with clients.spdy(endpoint.port, endpoint.context, where) as spdy:
        error, stdin, stdout = [await spdy.open({"streamType": name}) for name in ("error", "stdin", "stdout")]

        async def type() -> None:
            await stdin.write(BIG)
            await stdin.end()

        typing = asyncio.create_task(type())
        assert await clients.everything(stdout) == BIG
        assert orjson.loads(await clients.everything(error))["status"] == "Success"
        await typing


async def test_terminal(http: ClientSession) -> None:
    async with clients.websocket(http, path("sh", streams="stdin stdout tty")) as client:
        await client.send(channels.RESIZE, b'{"Width":123,"Height":40}')
        await client.type(b"stty size; tty\n")
        await client.until(b"40 123")
        await client.until(b"/dev/pts/")
        await client.send(channels.RESIZE, b'{"Width":80,"Height":25}')
        await asyncio.sleep(0.1)
        await client.type(b"stty size\n")
        await client.until(b"25 80")
        await client.type(b"sleep 100\n")
        await asyncio.sleep(0.2)
        await client.type(b"\x03")
        await client.type(b"echo A$((1+1))B; exit 7\n")
        await client.until(b"A2B")
        assert (await client.finish())["details"]["causes"][0]["message"] == "7"


async def test_a_terminal_has_its_size_from_the_start(http: ClientSession) -> None:
    for _ in range(10):
        async with clients.websocket(http, path("stty", "size", streams="stdout tty")) as client:
            await client.send(channels.RESIZE, b'{"Width":123,"Height":40}')
            await client.finish()
        assert client.received[channels.STDOUT] == b"40 123\r\n"


def running(marker: str) -> list[int]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (directory / "cmdline").read_bytes().split(b"\0"):
                found.append(int(directory.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("protocol", ["websocket", "spdy"])
async def test_the_command_dies_with_its_client(endpoint: Endpoint, http: ClientSession, protocol: str) -> None:
    marker = f"41{os.getpid()}.{len(protocol)}"
    where = path("sh", "-c", f"sleep {marker} | sleep {marker}")
    if protocol == "websocket":
        async with http.ws_connect(where, protocols=[channels.V5]) as socket:
            await wait_for(lambda: len(running(marker)) == 2)
            socket._response.connection.transport.abort()  # type: ignore[union-attr]
    else:
        async with clients.spdy(endpoint.port, endpoint.context, where) as spdy:
            for name in ("error", "stdin", "stdout", "stderr"):
                await spdy.open({"streamType": name})
            await wait_for(lambda: len(running(marker)) == 2)
    await wait_for(lambda: not running(marker))


async def wait_for(condition) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_background_process_does_not_hold_the_client(http: ClientSession) -> None:
    marker = f"42{os.getpid()}"
    async with clients.websocket(http, path("sh", "-c", f"sleep {marker} & echo started")) as client:
        async with asyncio.timeout(5):
            assert (await client.finish())["status"] == "Success"
    assert client.received[channels.STDOUT] == b"started\n"
    for pid in running(marker):
        os.kill(pid, 9)


async def test_a_command_that_does_not_read_does_not_hang(http: ClientSession) -> None:
    """True ends at once, while megabytes of stdin are under way."""
    async with clients.websocket(http, path("true")) as client:
        typing = asyncio.create_task(client.type(BIG))
        async with asyncio.timeout(10):
            assert (await client.finish())["status"] == "Success"
        typing.cancel()
        await asyncio.gather(typing, return_exceptions=True)


async def test_not_found(http: ClientSession) -> None:
    async with clients.websocket(http, path("no-such-program")) as client:
        status = await client.finish()
    assert status["reason"] == "InternalError"
    assert status["message"].startswith("Internal error occurred: error executing command in container: ")


@pytest.mark.parametrize(
    ("where", "status", "text"),
    [
        ("/exec/ns/web/c?output=1", 400, "you must specify at least 1 command"),
        ("/exec/ns/web/c?command=ls", 400, "you must specify at least 1 of stdin, stdout, stderr"),
        ("/exec/ns/web/other?command=ls&output=1", 500, 'container not found ("other")'),
        ("/exec/ns/other/c?command=ls&output=1", 404, "pod does not exist"),
        ("/exec/ns/web/c?command=ls&output=1", 400, "unable to upgrade: missing upgrade headers in request"),
        ("/portForward/ns/web", 400, "unable to upgrade: missing upgrade headers in request"),
        ("/portForward/ns/other", 404, "pod does not exist"),
    ],
)
async def test_refusals(http: ClientSession, where: str, status: int, text: str) -> None:
    async with http.get(where) as answer:
        assert (answer.status, await answer.text()) == (status, text)


async def test_a_container_that_does_not_run(endpoint: Endpoint, http: ClientSession) -> None:
    endpoint.machine.add(state="terminated")
    async with http.post(path("ls")) as answer:
        assert (answer.status, await answer.text()) == (500, 'container not found ("c")')


async def test_no_common_protocol(endpoint: Endpoint, http: ClientSession) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await http.ws_connect(path("ls"), protocols=["chat"])
    assert caught.value.status == 400
    with pytest.raises(clients.Refused, match="403") as refused:
        async with clients.spdy(endpoint.port, endpoint.context, path("ls"), protocol="v9.channel.k8s.io"):
            pass
    assert "unable to negotiate protocol: client supports [v9.channel.k8s.io]" in refused.value.args[1]


async def test_nothing_is_left_open(endpoint: Endpoint, http: ClientSession) -> None:
    async def once() -> None:
        async with clients.websocket(http, path("sh", "-c", "cat; exit 1")) as client:
            await client.half_close()
            await client.finish()
        async with clients.websocket(http, path("echo", "x", streams="stdin stdout tty")) as client:
            await client.finish()

    await once()
    before = descriptors()
    for _ in range(5):
        await once()
    await wait_for(lambda: descriptors() <= before)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
