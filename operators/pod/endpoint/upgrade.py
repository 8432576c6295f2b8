"""Taking a connection away from the HTTP server after `101 Switching Protocols`, and handing it back closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

from aiohttp import web

SPDY = "SPDY/3.1"
_LIMIT = 256 * 1024
_CLOSING = 5.0  # seconds a peer gets to take the last bytes


def kind(request: web.Request) -> str:
    """The protocol the client wants to switch to, in lower case; "" if it wants none."""
    connection = [token.strip().lower() for token in request.headers.get("Connection", "").split(",")]
    return request.headers.get("Upgrade", "").lower() if "upgrade" in connection else ""


class Pipe(Protocol):
    """A connection as a stream of bytes in each direction."""

    async def read(self) -> bytes:
        """Some bytes; b"" when the other end is gone."""

    async def write(self, data: bytes) -> None:
        """Waits while the other end is slow; raises ConnectionError when it is gone."""


class Taken(web.StreamResponse):
    """What a handler returns whose connection is no longer HTTP's: nothing is left to send."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class TransportPipe:
    """A Pipe over an asyncio transport."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(_LIMIT)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        if self._writer.is_closing():
            raise ConnectionResetError("connection lost")
        self._writer.write(data)
        await self._writer.drain()


@contextlib.asynccontextmanager
async def switch(request: web.Request, headers: dict[str, str]) -> AsyncIterator[TransportPipe]:
    """Answers 101 with `headers` and lends the raw connection for the duration of the block."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("connection lost")
    server = request.protocol
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LIMIT)
    protocol = asyncio.StreamReaderProtocol(reader)
    lines = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    try:
        writer.write("\r\n".join(lines).encode("latin-1"))
        yield TransportPipe(reader, writer)
    finally:
        writer.close()
        try:
            async with asyncio.timeout(_CLOSING):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            transport.abort()
        finally:
            server.connection_lost(None)  # the server lost sight of the transport: it must forget the connection
