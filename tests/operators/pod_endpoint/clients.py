"""Clients of exec, attach and port-forward, as kubectl speaks: SPDY/3.1 and the WebSocket channels."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from operators.pod.endpoint import channels, spdyconnection, upgrade


class Refused(Exception):
    """The endpoint did not switch protocols; args: status line, body."""


@contextlib.asynccontextmanager
async def spdy(
    port: int, context: ssl.SSLContext, path: str, protocol: str = "v4.channel.k8s.io"
) -> AsyncIterator[spdyconnection.Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    try:
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
            f"X-Stream-Protocol-Version: {protocol}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if not head.startswith("HTTP/1.1 101 "):
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            raise Refused(head.split("\r\n")[0], (await reader.readexactly(length)).decode())
        assert f"x-stream-protocol-version: {protocol}" in head.lower()
        connection = spdyconnection.Connection(upgrade.TransportPipe(reader, writer), server=False)
        running = asyncio.create_task(connection.run())
        try:
            yield connection
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def everything(stream: spdyconnection.Stream) -> bytes:
    pieces = []
    while piece := await stream.read():
        pieces.append(piece)
    return b"".join(pieces)


class ChannelClient:
    """What came out of an exec over WebSocket, by channel."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self.received = {channels.STDOUT: bytearray(), channels.STDERR: bytearray(), channels.ERROR: bytearray()}

    async def send(self, channel: int, data: bytes) -> None:
        await self._socket.send_bytes(channels.message(channel, data))

    async def type(self, data: bytes) -> None:
        for start in range(0, len(data), 32768):
            await self.send(channels.STDIN, data[start : start + 32768])

    async def half_close(self) -> None:
        await self.send(channels.CLOSE, bytes((channels.STDIN,)))

    async def read(self) -> bool:
        """Takes the next message; False at the end."""
        message = await self._socket.receive()
        if message.type is not WSMsgType.BINARY:
            assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING), message
            return False
        channel, data = channels.split(message.data)
        self.received[channel] += data
        return True

    async def finish(self) -> Mapping[str, Any]:
        """Reads to the end; the Status."""
        while await self.read():
            pass
        return dict(orjson.loads(self.received[channels.ERROR]))

    async def until(self, text: bytes, channel: int = channels.STDOUT) -> None:
        async with asyncio.timeout(5):
            while text not in self.received[channel]:
                assert await self.read()


@contextlib.asynccontextmanager
async def websocket(http: ClientSession, path: str, protocol: str = channels.V5) -> AsyncIterator[ChannelClient]:
    async with http.ws_connect(path, protocols=[protocol], max_msg_size=0) as socket:
        assert socket.protocol == protocol
        yield ChannelClient(socket)
