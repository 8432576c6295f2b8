"""Bytes on their way from a client to whoever reads them, with back-pressure onto the client's connection."""

from __future__ import annotations

import asyncio
from collections import deque

LIMIT = 256 * 1024


class Inbound:
    """One direction of one stream: `put` waits while LIMIT bytes lie unread, `get` waits for the next piece."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._discarding = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    async def put(self, piece: bytes) -> None:
        if self._ended or self._discarding or not piece:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        self._readable.set()
        if self._size >= self._limit:
            self._writable.clear()
            await self._writable.wait()

    def end(self) -> None:
        """No more will come: half closed, or the client is gone."""
        self._ended = True
        self._readable.set()
        self._writable.set()

    def discard(self) -> None:
        """Nobody reads any more: drop what is here and what comes, so that the connection is not held up."""
        self._discarding = True
        self._pieces.clear()
        self._size = 0
        self._writable.set()

    async def get(self) -> bytes:
        """The next piece; b"" at the end."""
        while not self._pieces:
            if self._ended:
                return b""
            self._readable.clear()
            await self._readable.wait()
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if self._size < self._limit:
            self._writable.set()
        return piece
