"""Raw bytes both ways between a client's connection and another one, with back-pressure."""

import asyncio
from typing import Any

from aiohttp import web


class Hijacked(web.StreamResponse):
    """What a handler returns that has taken the connection over: aiohttp writes nothing more to it."""

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class Pipe(asyncio.Protocol):
    """One end: what it reads is written to the other end; a full buffer there stops the reading here."""

    def __init__(self) -> None:
        self.peer: Pipe | None = None
        self.transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._early: list[bytes] = []
        self._arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.peer is None or self.peer.transport is None:
            self._early.append(data)
            self._arrived.set()
        else:
            self.peer.transport.write(data)

    def early(self) -> bytes:
        """What came so far, before the ends were joined."""
        if len(self._early) > 1:
            self._early = [b"".join(self._early)]
        return self._early[0] if self._early else b""

    async def more(self) -> bool:
        """Waits for more to come before the ends are joined; False at the end of the connection."""
        if self.closed.done():
            return False
        self._arrived.clear()
        arrival = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait((arrival, self.closed), return_when=asyncio.FIRST_COMPLETED)
            return arrival.done()
        finally:
            arrival.cancel()

    def join(self, peer: "Pipe") -> None:
        """Connects both ends and passes on what came before."""
        self.peer, peer.peer = peer, self
        for end in (self, peer):
            early, end._early = end._early, []
            for data in early:
                end.data_received(data)
            if end.closed.done():
                end._close_peer()

    def pause_writing(self) -> None:
        if self.peer and self.peer.transport and not self.peer.transport.is_closing():
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        # A transport that closes has nothing to read, and over TLS fails when it is told to go on.
        if self.peer and self.peer.transport and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        # A peer that waits for room here will never get it.
        self.resume_writing()
        if not self.closed.done():
            self.closed.set_result(None)
        self._close_peer()

    def _close_peer(self) -> None:
        if self.peer and self.peer.transport:
            self.peer.transport.close()  # after all that is buffered for it has been sent


class _ClientPipe(Pipe):
    """The client's end; the HTTP protocol object that it replaces learns of the end of the connection."""

    def __init__(self, handler: Any) -> None:
        super().__init__()
        self._handler = handler

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._handler.connection_lost(exc)


async def run(request: web.BaseRequest, other: Pipe) -> Hijacked:
    """Takes the request's connection over and joins it with `other` until either end closes."""
    transport = request.transport
    if transport is None or transport.is_closing():
        if other.transport:
            other.transport.close()
        return Hijacked()
    handler = request.protocol
    # What the client sent behind the head of its request, before we took over.
    early: bytes = getattr(handler, "_message_tail", b"")
    client = _ClientPipe(handler)
    client.connection_made(transport)
    assert isinstance(transport, asyncio.Transport)
    transport.set_protocol(client)
    transport.resume_reading()
    if early:
        client.data_received(early)
    client.join(other)
    try:
        await client.closed
    finally:
        transport.close()
        if other.transport:
            other.transport.close()
    return Hijacked()
