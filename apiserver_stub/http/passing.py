"""A client's request passed on to another server, and that server's answer passed back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from apiserver_stub.http import handshake, tunnel
from apiserver_stub.outbound import connections
from apiserver_stub.outbound.connections import Place, Unreachable

# Credentials end at this server, and each connection has its own framing.
_OWN: Final = frozenset(
    {"authorization", "transfer-encoding", "te", "trailer", "keep-alive", "proxy-connection", "expect"}
    | {"proxy-authorization", "proxy-authenticate", "connection", "upgrade"}
)
# Of answers: framing, and leave that other servers give to scripts in browsers.
DROPPED: Final = frozenset(
    {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server", "trailer", "upgrade"}
    | {"access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-headers"}
    | {"access-control-allow-methods", "access-control-expose-headers"}
)


@dataclass(frozen=True, slots=True)
class Route:
    """Where to connect, with TLS or (None) without; server_name: who must answer, seconds: how long it may take."""

    place: Place
    tls: ssl.SSLContext | None
    server_name: str | None
    seconds: float


def forwarded(
    headers: Iterable[tuple[str, str]], own: frozenset[str], *, upgrade: bool = False
) -> Iterator[tuple[str, str]]:
    """A client's headers without credentials, claimed identities and what its connection names as its own.

    own: more names to leave out, in lower case. upgrade: whether the request is to switch protocols.
    """
    pairs = list(headers)
    named = {word.strip().lower() for key, value in pairs if key.lower() == "connection" for word in value.split(",")}
    dropped = _OWN | own | named
    dropped = (dropped | {"content-length"}) - {"upgrade"} if upgrade else dropped
    for key, value in pairs:
        lower = key.lower()
        # Some servers take "_" for "-".
        if lower in dropped or lower.replace("_", "-").startswith(("x-remote-", "impersonate-")):
            continue
        # What is no UTF-8 can't be sent on.
        yield key, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if upgrade:
        yield "Connection", "Upgrade"


def wants_upgrade(request: web.BaseRequest) -> bool:
    return "upgrade" in request.headers.get("Connection", "").lower() and "Upgrade" in request.headers


async def invite(request: web.BaseRequest) -> None:
    """Lets a client send its body that waits for leave to do so."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def passed_on(
    request: web.BaseRequest,
    answer: aiohttp.ClientResponse,
    changed: Mapping[str, str] | None = None,
    begun: bytes = b"",
) -> web.StreamResponse:
    """The answer, piece by piece as it comes.

    changed: headers with another value than they came with. begun: what goes first, read by the caller.
    """
    response = web.StreamResponse(status=answer.status)
    for key, value in answer.headers.items():
        if key.lower() not in DROPPED:
            response.headers.add(key, value)
    for key, value in (changed or {}).items():
        response.headers[key] = value
    length = response.headers.pop("Content-Length", "") or answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit():
        response.content_length = int(length)
    try:
        await response.prepare(request)
        if begun:
            await response.write(begun)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    except (ConnectionError, aiohttp.ClientError):
        # Half an answer must not look like a whole one.
        if request.transport is not None:
            request.transport.abort()
    return response


async def upgraded(
    request: web.BaseRequest, route: Route, path: str, headers: Iterable[tuple[str, str]]
) -> web.StreamResponse:
    """Connects both sides once the server has switched protocols. path: with its query. Raises Unreachable."""
    lines = [f"{request.method} {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers)]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    place = route.place
    try:
        async with asyncio.timeout(route.seconds):
            _, pipe = await loop.create_connection(
                tunnel.Pipe, place.host, place.port, ssl=route.tls, server_hostname=route.server_name
            )
        return await handshake.forward(request, pipe, head)
    except TimeoutError:
        raise Unreachable(f"dial tcp {place.authority}: i/o timeout") from None
    except OSError as error:
        raise Unreachable(connections.words(place, error)) from None
    except handshake.Failed as error:
        raise Unreachable(str(error)) from None
