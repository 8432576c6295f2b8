"""Asks another server to switch protocols for a client; only once it has, the client reaches it."""

import asyncio
import re

from aiohttp import web

from apiserver_stub.http import tunnel

# Of the head of an answer, in bytes, and of the body of one that refuses.
_HEAD_LIMIT = 64 * 1024
_BODY_LIMIT = 1024 * 1024
# How long the other side may take to answer, in seconds.
_SECONDS = 30.0

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: |$)")
# Headers that belong to one connection.
_FRAMING = frozenset(
    {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "date", "server", "trailer"}
)


class Failed(Exception):
    """The other side gave no answer that HTTP knows; the text says what happened."""


async def forward(request: web.BaseRequest, pipe: tunnel.Pipe, head: bytes) -> web.StreamResponse:
    """Sends the head of a request and joins both connections when the other side has switched protocols.

    Any other answer is passed on, and not a byte of the client's follows: it would be read as the next request on a
    connection that carries this server's own credentials. Raises Failed.
    """
    assert pipe.transport
    pipe.transport.write(head)
    switched = False
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await _head(pipe)
            code = _code(answer)
            switched = code == 101
            refusal = None if switched else await _refusal(pipe, code, answer)
    except TimeoutError:
        raise Failed("i/o timeout") from None
    finally:
        if not switched:
            pipe.transport.close()
    return refusal if refusal is not None else await tunnel.run(request, pipe)


async def _head(pipe: tunnel.Pipe) -> bytes:
    """The answer up to its empty line."""
    while b"\r\n\r\n" not in pipe.early():
        if len(pipe.early()) > _HEAD_LIMIT or not await pipe.more():
            raise Failed("unexpected EOF")
    return pipe.early().partition(b"\r\n\r\n")[0]


def _code(head: bytes) -> int:
    match = _STATUS.match(head.partition(b"\r\n")[0])
    if match is None:
        raise Failed("malformed HTTP response")
    return int(match[1])


async def _refusal(pipe: tunnel.Pipe, code: int, head: bytes) -> web.Response:
    headers = [_header(line) for line in head.split(b"\r\n")[1:]]
    framing = {name.lower(): value for name, value in headers}
    begin = len(head) + 4
    if "chunked" in framing.get("transfer-encoding", "").lower():
        body = await _chunked(pipe, begin)
    else:
        body = await _plain(pipe, begin, framing.get("content-length", ""))
    response = web.Response(status=code, body=body)
    response.headers.popall("Content-Type", None)
    for name, value in headers:
        if name.lower() not in _FRAMING:
            response.headers.add(name, value)
    return response


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
    if not colon or not name.strip() or "\0" in value:
        raise Failed("malformed MIME header")
    return name.strip(), value.strip()


async def _plain(pipe: tunnel.Pipe, begin: int, length: str) -> bytes:
    """A body of known length, or all until the end of the connection."""
    size = int(length) if length.isascii() and length.isdigit() else _BODY_LIMIT
    end = begin + min(size, _BODY_LIMIT)
    while len(pipe.early()) < end and await pipe.more():
        pass
    return pipe.early()[begin:end]


async def _chunked(pipe: tunnel.Pipe, begin: int) -> bytes:
    """A body in chunks (RFC 9112, section 7.1)."""
    body = b""
    while len(body) < _BODY_LIMIT:
        end = await _find(pipe, begin)
        try:
            size = int(pipe.early()[begin:end].partition(b";")[0], 16)
        except ValueError:
            raise Failed("malformed chunked encoding") from None
        begin = end + 2
        if size <= 0:
            break
        while len(pipe.early()) < begin + size + 2 and len(pipe.early()) < _BODY_LIMIT + _HEAD_LIMIT:
            if not await pipe.more():
                raise Failed("unexpected EOF")
        body += pipe.early()[begin : begin + size]
        begin += size + 2
    return body[:_BODY_LIMIT]


async def _find(pipe: tunnel.Pipe, begin: int) -> int:
    """Where the line ends that begins there."""
    while (end := pipe.early().find(b"\r\n", begin)) < 0:
        if len(pipe.early()) > _BODY_LIMIT + _HEAD_LIMIT or not await pipe.more():
            raise Failed("unexpected EOF")
    return end
