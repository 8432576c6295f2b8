"""Answers too long for one piece: sent while they are made, so that neither memory nor other clients suffer."""

import asyncio
import zlib
from collections.abc import Iterable, Iterator, Sequence

from aiohttp import web

from apiserver_stub.flow.turns import TURNS
from apiserver_stub.http import respond
from apiserver_stub.http.context import Context

# Pieces of about this many bytes: below malloc's threshold for pages of their own, which cost a fault for each page.
PIECE = 64 * 1024
# Other requests get their turn after so many pieces that went out without waiting.
TURN = 4
_GZIP = 31  # wbits of zlib for gzip's format


def fits(context: Context) -> bool:
    """Whether the client takes the bytes as they are; YAML and indented JSON can only be made of the whole."""
    if context.trail is not None and context.trail.wants_answer:
        return False
    return context.wanted.media == "application/json" and not respond.is_pretty(context)


def joined(head: bytes, items: Sequence[bytes], tail: bytes, size: int) -> Iterator[bytes]:
    """head, the items with commas between them, and tail, in pieces. size: bytes of all of it."""
    count = max(1, PIECE * len(items) // size)
    before = head
    for start in range(0, len(items), count):
        yield before + b",".join(items[start : start + count])
        before = b","
    yield tail


async def send(context: Context, pieces: Iterable[bytes], size: int | None = None) -> web.StreamResponse:
    """Streams JSON. size: bytes in all, where that is known before; compressed where the client allows it."""
    response = web.StreamResponse(headers=respond.JSON_HEADERS)
    respond.add_warnings(response, context.warnings)
    compress = "gzip" in context.request.headers.get("Accept-Encoding", "")
    if compress:
        response.headers.update(respond.GZIP_HEADERS)
    elif size is not None:
        response.content_length = size
    await response.prepare(context.request)
    if compress:
        await _send_compressed(response, pieces)
    else:
        await _send_plain(response, pieces, context.user.name)
    await response.write_eof()
    return response


async def _send_plain(response: web.StreamResponse, pieces: Iterable[bytes], flow: str) -> None:
    for number, piece in enumerate(pieces, 1):
        if number % TURN == 0 or TURNS.is_busy:
            await TURNS.next(flow)
        await response.write(piece)


async def _send_compressed(response: web.StreamResponse, pieces: Iterable[bytes]) -> None:
    """Level 1, as kube-apiserver; in a thread, which zlib lets run beside this one."""
    loop = asyncio.get_running_loop()
    packer = zlib.compressobj(1, wbits=_GZIP)
    collected: list[bytes] = []
    for piece in pieces:
        collected.append(piece)
        if len(collected) == TURN:
            content, collected = b"".join(collected), []
            await response.write(await loop.run_in_executor(None, packer.compress, content))
    packed = await loop.run_in_executor(None, packer.compress, b"".join(collected))
    await response.write(packed + packer.flush())
