"""Pipes and terminals as asyncio streams."""

from __future__ import annotations

import asyncio
import os

LIMIT = 256 * 1024


class Reader:
    """The reading end; takes over the descriptor."""

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        self._reader = reader
        self._transport = transport

    async def read(self) -> bytes:
        """Some bytes; b"" at the end."""
        return await self._reader.read(LIMIT)

    def close(self) -> None:
        self._transport.close()


class Writer:
    """The writing end; takes over the descriptor."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def write(self, data: bytes) -> None:
        """Waits while the reader is slow; raises ConnectionError when it is gone."""
        if self._writer.is_closing():
            raise BrokenPipeError("nobody reads")
        self._writer.write(data)
        try:
            await self._writer.drain()
        except OSError as error:
            raise BrokenPipeError("nobody reads") from error

    def close(self) -> None:
        """What was written is still delivered."""
        self._writer.close()

    def abort(self) -> None:
        if not self._writer.is_closing():
            self._writer.transport.abort()


class _Protocol(asyncio.StreamReaderProtocol):
    def connection_lost(self, exc: Exception | None) -> None:
        """A terminal ends with EIO when its last user is gone; as an error it would discard what is still unread."""
        super().connection_lost(None if isinstance(exc, OSError) else exc)


async def reader(descriptor: int) -> Reader:
    stream = asyncio.StreamReader(limit=LIMIT)
    loop = asyncio.get_running_loop()
    file = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: _Protocol(stream), file)
    return Reader(stream, transport)


async def writer(descriptor: int) -> Writer:
    loop = asyncio.get_running_loop()
    file = os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), file
    )
    return Writer(asyncio.StreamWriter(transport, protocol, None, loop))
