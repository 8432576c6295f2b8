"""Logs and streams: forwarded to the kubelet endpoint that the Node names, and to nobody else."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.api.conftest import CORE, Api, Client

Handler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Kubelet:
    """Answers each connection by `handler(head, reader, writer)`; keeps heads and peers' names."""

    def __init__(self, api: Api) -> None:
        self.handler: Handler
        self.heads: list[bytes] = []
        self.peers: list[str] = []
        pki = api.settings.pki
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(pki / "kubelet.crt", pki / "kubelet.key")
        self.tls.load_verify_locations(pki / "ca.crt")
        self.tls.verify_mode = ssl.CERT_REQUIRED
        self.server: asyncio.Server

    async def start(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = writer.get_extra_info("peercert")["subject"]
        self.peers.append(dict(pair for relative in subject for pair in relative)["commonName"])
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            await self.handler(head, reader, writer)
        finally:
            writer.close()


@pytest.fixture
async def kubelet(api: Api, admin: Client) -> AsyncIterator[Kubelet]:
    """A node with this endpoint, and a Pod `p` with the containers a and b on it."""
    kubelet = Kubelet(api)
    port = await kubelet.start()
    await admin.create("/api/v1/nodes", {"metadata": {"name": "n"}})
    status = {
        "addresses": [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    await admin.patch("/api/v1/nodes/n/status", {"status": status})
    await admin.create(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    for name, containers, node in (("p", "ab", "n"), ("one", "a", "n"), ("free", "a", "")):
        spec = {"containers": [{"name": name, "image": "i"} for name in containers]}
        await admin.create(
            f"{CORE}/pods", {"metadata": {"name": name}, "spec": spec | ({"nodeName": node} if node else {})}
        )
    yield kubelet
    kubelet.server.close()


async def answer(writer: asyncio.StreamWriter, code: str, body: bytes) -> None:
    writer.write(f"HTTP/1.1 {code}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def test_logs_are_asked_of_the_right_container_with_all_options(admin: Client, kubelet: Kubelet) -> None:
    async def logs(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(writer, "200 OK", b"hello\n")

    kubelet.handler = logs
    code, text = await admin.get(f"{CORE}/pods/p/log", container="b", tailLines="5", timestamps="true")
    assert (code, text) == (200, b"hello\n")
    assert (await admin.get(f"{CORE}/pods/one/log"))[1] == b"hello\n"
    assert kubelet.heads[0].startswith(b"GET /containerLogs/default/p/b?tailLines=5&timestamps=true HTTP/1.1\r\n")
    assert kubelet.heads[1].startswith(b"GET /containerLogs/default/one/a HTTP/1.1\r\n")
    assert set(kubelet.peers) == {"kube-apiserver-kubelet-client"}


async def test_followed_logs_come_as_they_are_written(admin: Client, kubelet: Kubelet) -> None:
    go_on = asyncio.Event()

    async def logs(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        await go_on.wait()
        writer.write(b"4\r\ntwo\n\r\n0\r\n\r\n")
        await writer.drain()

    kubelet.handler = logs
    async with admin.session.get(f"{admin.url}{CORE}/pods/one/log?follow=true") as answer:
        assert await asyncio.wait_for(answer.content.readline(), 5) == b"one\n"
        go_on.set()
        assert await asyncio.wait_for(answer.content.read(), 5) == b"two\n"


async def test_a_client_that_leaves_ends_the_following(admin: Client, kubelet: Kubelet) -> None:
    left = asyncio.Event()

    async def logs(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        await reader.read()
        left.set()

    kubelet.handler = logs
    async with admin.session.get(f"{admin.url}{CORE}/pods/one/log?follow=true") as answer:
        await answer.content.readline()
        answer.close()
    await asyncio.wait_for(left.wait(), 5)


@pytest.mark.parametrize(
    ("answered", "code", "message"),
    [
        ("400 Bad Request", 400, "container is waiting"),
        ("404 Not Found", 404, "the server could not find the requested resource"),
        ("500 Internal Server Error", 500, "Internal error occurred: container is waiting"),
    ],
)
async def test_errors_of_the_kubelet_become_a_status(
    admin: Client, kubelet: Kubelet, answered: str, code: int, message: str
) -> None:
    async def logs(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(writer, answered, b"container is waiting\n")

    kubelet.handler = logs
    assert (await admin.get(f"{CORE}/pods/one/log"))[0] == code
    assert (await admin.get(f"{CORE}/pods/one/log"))[1]["message"] == message


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("p/log", 400, "a container name must be specified for pod p, choose one of: [a b]"),
        ("p/log?container=c", 400, "container c is not valid for pod p"),
        ("p/exec?command=x", 400, "a container name must be specified for pod p, choose one of: [a b]"),
        ("free/exec?command=x", 400, "pod free does not have a host assigned"),
        ("none/log", 404, 'pods "none" not found'),
        ("one/exec?command=x", 400, "Upgrade request required"),
    ],
)
async def test_refusals(admin: Client, kubelet: Kubelet, path: str, code: int, message: str) -> None:
    async with admin.session.get(f"{admin.url}{CORE}/pods/{path}") as answer:
        assert (answer.status, (await answer.json())["message"]) == (code, message)
    assert kubelet.heads == []


async def test_logs_before_scheduling_are_empty(admin: Client, kubelet: Kubelet) -> None:
    assert await admin.get(f"{CORE}/pods/free/log") == (204, b"")


async def test_a_kubelet_that_is_down_is_told(admin: Client, kubelet: Kubelet) -> None:
    kubelet.server.close()
    _, error = await admin.get(f"{CORE}/pods/one/log")
    assert error["message"].startswith("error dialing backend: dial tcp 127.0.0.1:")
    assert error["message"].endswith("connect: connection refused")


async def upgrade(api: Api, path: str, protocol: str, *more: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=api.tls())
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Connection: Upgrade", f"Upgrade: {protocol}", *more]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    return reader, writer


@pytest.mark.parametrize("protocol", ["SPDY/3.1", "websocket"])
async def test_streams_pass_untouched_both_ways(api: Api, kubelet: Kubelet, protocol: str) -> None:
    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    kubelet.handler = echo
    path = f"{CORE}/pods/p/exec?container=b&command=a%20b&command=%26&stdin=true&stdout=1&tty=true&stderr=false"
    secret = (
        "Authorization: Bearer root-token",
        "Cookie: c=d",
        "Impersonate-Extra-X: y",
        "X-Stream-Protocol-Version: v4",
    )
    reader, writer = await upgrade(api, path, protocol, *secret[:1], *secret[1:2], secret[3])
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"HTTP/1.1 101")
    payload = bytes(range(256)) * 16384  # 4 MiB: more than all buffers on the way

    async def send() -> None:
        for start in range(0, len(payload), 65536):
            writer.write(payload[start : start + 65536])
            await writer.drain()

    sending = asyncio.create_task(send())
    assert await asyncio.wait_for(reader.readexactly(len(payload)), 30) == payload
    await sending
    writer.close()
    head = kubelet.heads[0].decode()
    assert head.startswith("POST /exec/default/p/b?input=1&output=1&tty=1&command=a+b&command=%26 HTTP/1.1\r\n")
    assert f"Upgrade: {protocol}\r\n" in head
    assert "X-Stream-Protocol-Version: v4" in head
    for kept in ("root-token", "Cookie", "Impersonate"):
        assert kept not in head


async def test_a_reader_that_stops_holds_the_sender(api: Api, kubelet: Kubelet) -> None:
    sent = 0

    async def flood(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    kubelet.handler = flood
    reader, writer = await upgrade(api, f"{CORE}/pods/one/attach?stdout=1", "SPDY/3.1")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 50_000_000
    total = 0
    while data := await asyncio.wait_for(reader.read(1 << 20), 10):
        total += len(data)
    assert total == 2000 * 65536
    writer.close()


async def test_either_end_closes_both(api: Api, kubelet: Kubelet) -> None:
    ended = asyncio.Event()

    async def wait(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        if await reader.read(100) == b"":
            ended.set()
        writer.write(b"last words")

    kubelet.handler = wait
    reader, writer = await upgrade(api, f"{CORE}/pods/one/portforward?ports=80", "websocket")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    await asyncio.wait_for(ended.wait(), 5)
    assert kubelet.heads[0].startswith(b"POST /portForward/default/one?ports=80 HTTP/1.1")
    reader, writer = await upgrade(api, f"{CORE}/pods/one/portforward?ports=80", "websocket")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.write(b"bye")
    assert await asyncio.wait_for(reader.read(), 5) == b"last words"
    writer.close()


async def test_strangers_get_no_stream(api: Api, kubelet: Kubelet) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=api.tls(""))
    head = f"POST {CORE}/pods/one/exec?command=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1"
    writer.write(f"{head}\r\n\r\n".encode())
    got = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert got.startswith(b"HTTP/1.1 403")
    assert kubelet.heads == []
    writer.close()


async def test_node_proxy(admin: Client, kubelet: Kubelet) -> None:
    async def pods(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(writer, "200 OK", json.dumps({"kind": "PodList"}).encode())

    kubelet.handler = pods
    assert await admin.get("/api/v1/nodes/n/proxy/pods", x="y") == (200, b'{"kind": "PodList"}')
    assert kubelet.heads[0].startswith(b"GET /pods?x=y HTTP/1.1")


@pytest.mark.parametrize(
    "refusal",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nn\r\n1\r\no\r\n0\r\n\r\n",
    ],
)
async def test_behind_a_refused_upgrade_nothing_follows(
    api: Api, admin: Client, kubelet: Kubelet, refusal: bytes
) -> None:
    """What the client sends next would be a request of its own to the kubelet endpoint, in the server's name."""
    after = asyncio.get_running_loop().create_future()

    async def refuse(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(refusal)
        after.set_result(await reader.read())

    kubelet.handler = refuse
    reader, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=api.tls())
    head = (
        f"POST {CORE}/pods/one/exec?command=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"
    )
    writer.write(f"{head}GET /runningpods/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (await asyncio.wait_for(reader.readuntil(b"no"), 5)).startswith(b"HTTP/1.1 400 ")
    assert await asyncio.wait_for(after, 5) == b""
    writer.close()
