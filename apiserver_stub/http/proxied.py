"""pods/NAME/proxy and services/NAME/proxy: any request for what listens there, and its answer."""

from __future__ import annotations

import asyncio
import functools
import ssl
from typing import Final
from urllib.parse import quote

import aiohttp
import yarl
from aiohttp import web

from apiserver_stub.http import passing
from apiserver_stub.http.context import Context
from apiserver_stub.http.links import PAGE_LIMIT, Rewriting
from apiserver_stub.meta import status
from apiserver_stub.outbound import connections, locations
from apiserver_stub.outbound.connections import Unreachable
from apiserver_stub.outbound.locations import Location
from apiserver_stub.storage.log import Log

CONNECT_SECONDS: Final = 30.0
# What Go's URL.EscapedPath leaves as it is, besides letters, digits and "-_.~".
_SAFE: Final = "/$&+,:;=@"
_PROTOCOLS: Final = "sec-websocket-protocol"
# A token that browsers give as if it were a protocol.
_BEARER: Final = "base64url.bearer.authorization.k8s.io."


async def serve(context: Context, log: Log) -> web.StreamResponse:
    """Raises StatusError (400, 404, 500, 503)."""
    target, request = context.target, context.request
    find = locations.of_pod if target.resource == "pods" else locations.of_service
    location = find(log, target.namespace, target.name)
    path = inner_path(target.path, target.tail)
    raw, _, query = request.raw_path.partition("?")
    if passing.wants_upgrade(request):
        return await _upgraded(context, location, _with_query(path or "/", query))
    if not path and request.method in ("GET", "HEAD"):
        return web.Response(status=301, headers={"Location": _with_query(f"{raw}/", query)})
    return await _answered(context, location, path, query)


def inner_path(path: str, tail: str) -> str:
    """What the backend is asked for, percent-encoded; "" where nothing follows /proxy. path: the whole, decoded."""
    inner = f"/{tail}" if tail else ""
    return quote(inner + "/" if path.endswith("/") else inner, safe=_SAFE)


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


async def _answered(context: Context, location: Location, path: str, query: str) -> web.StreamResponse:
    request, place = context.request, location.place
    prefix = _prefix(context)
    url = yarl.URL(f"{location.scheme}://{place.authority}{_with_query(path or '/', query)}", encoded=True)
    headers = [*_headers(request, upgrade=False), ("X-Forwarded-Uri", quote(prefix, safe=_SAFE) + path)]
    await passing.invite(request)
    try:
        async with (
            connections.session(CONNECT_SECONDS) as session,
            session.request(
                request.method,
                url,
                headers=headers,
                data=request.content if request.body_exists else None,
                ssl=_any_certificate() if location.scheme == "https" else True,
                allow_redirects=False,
            ) as answer,
        ):
            return await _passed_on(request, answer, Rewriting(prefix, location.authority, request.host))
    except (aiohttp.ClientError, OSError) as error:
        raise status.unavailable(f"error trying to reach service: {connections.words(place, error)}") from None


async def _passed_on(request: web.BaseRequest, answer: aiohttp.ClientResponse, links: Rewriting) -> web.StreamResponse:
    if moved := answer.headers.get("Location", ""):
        try:
            changed = links.url(moved)
        except ValueError as error:
            raise status.internal(f"error trying to parse Location header: {error}") from None
        return await passing.passed_on(request, answer, {"Location": changed})
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if kind != "text/html" or request.method == "HEAD" or answer.status in (204, 304):
        return await passing.passed_on(request, answer)
    page = b""
    while len(page) <= PAGE_LIMIT and (piece := await answer.content.read(PAGE_LIMIT)):
        page += piece
    if len(page) > PAGE_LIMIT:
        return await passing.passed_on(request, answer, begun=page)
    loop = asyncio.get_running_loop()
    page = await loop.run_in_executor(None, links.page, page, answer.headers.get("Content-Encoding", ""))
    return await passing.passed_on(request, answer, {"Content-Length": str(len(page))}, begun=page)


async def _upgraded(context: Context, location: Location, path: str) -> web.StreamResponse:
    secure = location.scheme == "https"
    route = passing.Route(
        location.place, _any_certificate() if secure else None, location.place.host if secure else None, CONNECT_SECONDS
    )
    try:
        return await passing.upgraded(context.request, route, path, _headers(context.request, upgrade=True))
    except Unreachable as error:
        raise status.unknown(str(error)) from None


def _prefix(context: Context) -> str:
    """The path of the proxy itself, decoded."""
    target = context.target
    return f"/api/{target.version}/namespaces/{target.namespace}/{target.resource}/{target.name}/proxy"


def _headers(request: web.BaseRequest, *, upgrade: bool) -> list[tuple[str, str]]:
    """The client's own, its Host too; who passed it on is added to X-Forwarded-For."""
    before = request.headers.getall("X-Forwarded-For", [])
    own = frozenset({"x-forwarded-for"} if upgrade else {"x-forwarded-for", "x-forwarded-uri"})
    sent = [
        pair
        for pair in passing.forwarded(request.headers.items(), own, upgrade=upgrade)
        if pair[0].lower() != _PROTOCOLS
    ]
    if passers := [*before, *([request.remote] if request.remote else [])]:
        sent.append(("X-Forwarded-For", ", ".join(passers)))
    words = [word.strip() for line in request.headers.getall(_PROTOCOLS, []) for word in line.split(",")]
    if protocols := ", ".join(word for word in words if word and not word.startswith(_BEARER)):
        sent.append(("Sec-WebSocket-Protocol", protocols))
    return sent


@functools.cache
def _any_certificate() -> ssl.SSLContext:
    """Pods and Services have names of their own making: as upstream, nobody asks for them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
