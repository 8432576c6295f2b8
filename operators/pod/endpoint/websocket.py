"""WebSocket ends of the endpoint: a Session for exec and attach, a Pipe for tunnelled SPDY."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from operators.pod.endpoint import channels, options, session

MAX_MESSAGE = 32 * 1024 * 1024  # as upstream: some clients send all of stdin as one message
_CHUNK = 64 * 1024
_CLOSING = 5.0  # seconds


class NoCommonProtocol(Exception):
    """The client offers no subprotocol that is served here (400)."""


def offered(request: web.Request) -> list[str]:
    """The subprotocols the client offers, in its order."""
    headers = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [name.strip() for header in headers for name in header.split(",") if name.strip()]


@contextlib.asynccontextmanager
async def open(request: web.Request, supported: Sequence[str]) -> AsyncIterator[tuple[web.WebSocketResponse, str]]:
    """An accepted WebSocket and its subprotocol; closed in order afterwards. Raises NoCommonProtocol."""
    protocol = channels.negotiate(offered(request), supported)
    if protocol is None:
        raise NoCommonProtocol(f"client supports {offered(request)}, server accepts {list(supported)}")
    protocols = (protocol,) if protocol else ()
    socket = web.WebSocketResponse(
        protocols=protocols, max_msg_size=MAX_MESSAGE, compress=False, timeout=_CLOSING, autoclose=False
    )
    await socket.prepare(request)
    try:
        yield socket, protocol
    finally:
        try:
            async with asyncio.timeout(_CLOSING):
                await socket.close()
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()


class WebSocketSession(session.Session):
    """exec or attach over the channel protocols v5, v4 and v1."""

    def __init__(self, socket: web.WebSocketResponse, protocol: str) -> None:
        super().__init__()
        self._socket = socket
        self._protocol = protocol

    async def greet(self, wanted: options.Streams) -> None:
        """Tells the client that the streams are there, with an empty message, as upstream does."""
        first = channels.STDOUT if wanted.stdout else channels.STDERR if wanted.stderr else channels.ERROR
        await self._socket.send_bytes(channels.message(first, b""))

    async def pump(self) -> None:
        """Takes in what the client sends until it is gone."""
        try:
            while True:
                received = await self._socket.receive()
                if received.type is WSMsgType.BINARY:
                    await self._take(*channels.split(received.data))
                elif received.type is WSMsgType.TEXT:
                    await self._take(*channels.split(received.data.encode()))
                else:
                    break
        except ConnectionError:
            pass
        finally:
            self.lost()

    async def _take(self, channel: int, data: bytes) -> None:
        if channel == channels.STDIN:
            await self.stdin.put(data)
        elif channel == channels.RESIZE:
            if (size := session.parse_size(data)) is not None:
                self.sizes.put_nowait(size)
        elif channel == channels.CLOSE and self._protocol == channels.V5 and data[:1] == bytes((channels.STDIN,)):
            self.stdin.end()

    async def write(self, output: session.Output, data: bytes) -> None:
        channel = channels.STDOUT if output is session.Output.STDOUT else channels.STDERR
        for start in range(0, len(data), _CHUNK):
            await self._socket.send_bytes(channels.message(channel, data[start : start + _CHUNK]))

    async def finish(self, status: dict[str, Any]) -> None:
        if self._protocol in (channels.V4, channels.V5):
            await self._socket.send_bytes(channels.message(channels.ERROR, orjson.dumps(status)))
        elif status["status"] != "Success":
            await self._socket.send_bytes(channels.message(channels.ERROR, status["message"].encode()))


@contextlib.asynccontextmanager
async def serve_session(request: web.Request, wanted: options.Streams) -> AsyncIterator[WebSocketSession]:
    async with open(request, channels.REMOTE_COMMAND) as (socket, protocol):
        client = WebSocketSession(socket, protocol)
        await client.greet(wanted)
        pumping = asyncio.create_task(client.pump())
        try:
            yield client
        finally:
            pumping.cancel()
            await asyncio.wait([pumping])


class MessagePipe:
    """A Pipe whose bytes travel in binary messages, cut anywhere."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while True:
            received = await self._socket.receive()
            if received.type is not WSMsgType.BINARY:
                return b""
            if received.data:
                return bytes(received.data)

    async def write(self, data: bytes) -> None:
        await self._socket.send_bytes(data)
