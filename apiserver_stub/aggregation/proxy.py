"""Requests for an aggregated server: sent on with the user's name, answered piece by piece as it answers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import aiohttp
from aiohttp import web

from apiserver_stub.aggregation import backend as backends
from apiserver_stub.aggregation import remote as remotes
from apiserver_stub.aggregation.backend import Backend, Unresolved
from apiserver_stub.http import passing, system
from apiserver_stub.http.context import Context
from apiserver_stub.meta import status
from apiserver_stub.outbound import connections
from apiserver_stub.outbound.connections import Place, Unreachable

# How long a request may take that is no watch and no stream, in seconds; kube-apiserver's --request-timeout.
REQUEST_SECONDS: Final = 60.0

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
        if passing.wants_upgrade(context.request):
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
    await passing.invite(request)
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
            return await passing.passed_on(request, answer)
    except TimeoutError as error:
        if isinstance(error, aiohttp.ClientError):
            raise Unreachable(connections.words(place, error)) from None
        raise status.timeout("request did not complete within the allotted timeout") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(connections.words(place, error)) from None


async def _upgraded(context: Context, backend: Backend, place: Place) -> web.StreamResponse:
    route = passing.Route(place, backend.tls(), backend.server_name, backends.CONNECT_SECONDS)
    return await passing.upgraded(
        context.request, route, context.request.raw_path, _headers(context, backend, upgrade=True)
    )


def _headers(context: Context, backend: Backend, *, upgrade: bool) -> list[tuple[str, str]]:
    request = context.request
    sent = list(remotes.forwarded(request.headers.items(), upgrade=upgrade))
    if request.remote:
        sent.append(("X-Forwarded-For", request.remote))
    sent += [("Host", backend.server_name), ("X-Forwarded-Host", request.host), ("X-Forwarded-Proto", "https")]
    sent.append(("X-Forwarded-Uri", request.raw_path.partition("?")[0]))
    return [*sent, *remotes.identity(context.user)]
