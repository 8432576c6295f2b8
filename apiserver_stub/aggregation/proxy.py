"""Requests for an aggregated server: sent on with the user's name, answered piece by piece as it answers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import aiohttp
from aiohttp import web

from apiserver_stub.aggregation import backend as backends
from apiserver_stub.aggregation import remote as remotes
from apiserver_stub.aggregation.backend import Backend, Place, Unreachable, Unresolved
from apiserver_stub.http import handshake, system, tunnel
from apiserver_stub.http.context import Context
from apiserver_stub.meta import status

# How long a request may take that is no watch and no stream, in seconds; kube-apiserver's --request-timeout.
REQUEST_SECONDS: Final = 60.0

_DROPPED: Final = frozenset(
    {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server", "trailer", "upgrade"}
    | {"access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-headers"}
    | {"access-control-allow-methods", "access-control-expose-headers"}
)
_STREAMS: Final = frozenset({"exec", "attach", "portforward", "proxy", "log"})


async def serve(context: Context, backend: Backend) -> web.StreamResponse:
    """The user has been authorized here; the server asks for itself again. Raises StatusError (504)."""
    if not backend.used:
        backend.note(used=True)
    if not backend.available:
        return _unavailable()
    try:
        place = backend.place()
    except Unresolved:
        backend.note(failed=True)
        return _unavailable()
    try:
        if _wants_upgrade(context.request):
            return await _upgraded(context, backend, place)
        return await _streamed(context, backend, place)
    except Unreachable as error:
        backend.note(failed=True)
        return system.text(f"error trying to reach service: {error}\n", 503)


def _unavailable() -> web.Response:
    return system.text("service unavailable\n", 503)


async def _streamed(context: Context, backend: Backend, place: Place) -> web.StreamResponse:
    request = context.request
    long = context.verb == "watch" or context.target.subresource in _STREAMS
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    try:
        async with contextlib.AsyncExitStack() as stack:
            limit = await stack.enter_async_context(asyncio.timeout(None if long else REQUEST_SECONDS))
            answer = await stack.enter_async_context(
                backend.session().request(
                    request.method,
                    backend.url(place, request.raw_path),
                    headers=_headers(context, backend, upgrade=False),
                    data=request.content if request.body_exists else None,
                    ssl=backend.tls(),
                    server_hostname=backend.server_name,
                    allow_redirects=False,
                )
            )
            limit.reschedule(None)  # it has begun to answer; who asked may leave when it takes too long
            return await _passed_on(request, answer)
    except TimeoutError as error:
        if isinstance(error, aiohttp.ClientError):
            raise Unreachable(backends.words(place, error)) from None
        raise status.timeout("request did not complete within the allotted timeout") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(backends.words(place, error)) from None


async def _passed_on(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status)
    for key, value in answer.headers.items():
        if key.lower() not in _DROPPED:
            response.headers.add(key, value)
    length = answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit():
        response.content_length = int(length)
    try:
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    except (ConnectionError, aiohttp.ClientError):
        # Half an answer must not look like a whole one.
        if request.transport is not None:
            request.transport.abort()
    return response


async def _upgraded(context: Context, backend: Backend, place: Place) -> web.StreamResponse:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(backends.CONNECT_SECONDS):
            _, pipe = await loop.create_connection(
                tunnel.Pipe, place.host, place.port, ssl=backend.tls(), server_hostname=backend.server_name
            )
        return await handshake.forward(context.request, pipe, _head(context, backend))
    except TimeoutError:
        raise Unreachable(f"dial tcp {place.authority}: i/o timeout") from None
    except OSError as error:
        raise Unreachable(backends.words(place, error)) from None
    except handshake.Failed as error:
        raise Unreachable(str(error)) from None


def _head(context: Context, backend: Backend) -> bytes:
    request = context.request
    lines = [f"{request.method} {request.raw_path} HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in _headers(context, backend, upgrade=True)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _headers(context: Context, backend: Backend, *, upgrade: bool) -> list[tuple[str, str]]:
    request = context.request
    sent = list(remotes.forwarded(request.headers.items(), upgrade=upgrade))
    if upgrade:
        sent = [(key, value) for key, value in sent if key.lower() != "content-length"]
        sent.append(("Connection", "Upgrade"))
    if request.remote:
        sent.append(("X-Forwarded-For", request.remote))
    sent += [("Host", backend.server_name), ("X-Forwarded-Host", request.host), ("X-Forwarded-Proto", "https")]
    sent.append(("X-Forwarded-Uri", request.raw_path.partition("?")[0]))
    return [*sent, *remotes.identity(context.user)]


def _wants_upgrade(request: web.BaseRequest) -> bool:
    return "upgrade" in request.headers.get("Connection", "").lower() and "Upgrade" in request.headers
