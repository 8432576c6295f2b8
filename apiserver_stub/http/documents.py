"""Discovery and OpenAPI: routed here, built in discovery.py and openapi.py."""

import asyncio
import email.utils
import functools
import hashlib
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from apiserver_stub.aggregation.controller import Aggregation
from apiserver_stub.http import negotiate, respond
from apiserver_stub.http.context import Context
from apiserver_stub.meta import status
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.schema import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from apiserver_stub import discovery, openapi

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
# What the answer calls itself: an @ is no part of a media type.
_PROTOBUF_ANSWER = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_OFFERED = (_JSON, "application/yaml", "application/vnd.kubernetes.protobuf")


class Documents:
    """Answers /api, /apis and /openapi; the builders are imported when they are first asked for."""

    def __init__(self, catalog: Catalog, aggregation: Aggregation) -> None:
        self._catalog = catalog
        self._aggregation = aggregation
        # Of the kinds that they were made from: custom resources come and go.
        self._aggregates: dict[str, tuple[kinds.Kinds, bytes, str]] = {}

    @property
    def _kinds(self) -> kinds.Kinds:
        return self._catalog.kinds

    @property
    def _groups(self) -> "discovery.Groups":
        aggregation = self._aggregation
        return aggregation.documents.groups(self._kinds) if aggregation.backends else self._kinds

    async def answer(self, context: Context) -> web.StreamResponse | None:
        """None for a path that is none of these."""
        path = context.target.path.rstrip("/")
        if path.startswith("/openapi/"):
            return await self._answer_openapi(context, path)
        if context.target.prefix not in ("api", "apis"):
            return None
        return await self._answer_discovery(context, path)

    async def _answer_discovery(self, context: Context, path: str) -> web.StreamResponse | None:
        from apiserver_stub import discovery

        accept = context.request.headers.get("Accept", "")
        if (
            path in ("/api", "/apis")
            and (response := await self._aggregated(context.request, accept, path)) is not None
        ):
            return response
        context.wanted = negotiate.accept(accept)
        content: dict[str, Any] | None
        target = context.target
        if path == "/api":
            content = discovery.api_versions(context.request.host)
        elif path == "/apis":
            content = discovery.api_groups(self._groups)
        elif target.version:
            content = discovery.resource_list(self._kinds, target.group, target.version)
        else:
            content = discovery.api_group(self._groups, target.group)
        if content is None:
            return None
        return await respond.document(context, content)

    async def _aggregated(self, request: web.BaseRequest, accept: str, path: str) -> web.Response | None:
        """The answer to clients that ask for all of discovery at once; None for the others."""
        from apiserver_stub import discovery

        wishes = [wish.replace(" ", "").partition(";q=")[0] for wish in accept.split(",") if wish]
        ours = [wish for wish in wishes if _is_aggregated(wish, "v2")]
        if not ours:
            if wishes and all(_is_aggregated(wish, "") for wish in wishes):
                raise status.not_acceptable(_OFFERED)
            return None
        served = self._kinds
        if self._aggregation.backends:
            content = respond.encoded(await self._aggregation.documents.aggregated(served, path))
            tag = hashlib.sha256(content).hexdigest().upper()
        else:
            if path not in self._aggregates or self._aggregates[path][0] is not served:
                built = respond.encoded(discovery.aggregated(served, path))
                self._aggregates[path] = served, built, hashlib.sha256(built).hexdigest().upper()
            _, content, tag = self._aggregates[path]
        headers = {"Content-Type": _AGGREGATED, "ETag": f'"{tag}"', "Vary": "Accept", "Cache-Control": "public"}
        if _has_current(request, tag):
            return web.Response(status=304, headers=headers)
        return web.Response(body=content, headers=headers)

    async def _answer_openapi(self, context: Context, path: str) -> web.StreamResponse | None:
        from apiserver_stub import openapi

        accept = context.request.headers.get("Accept", "")
        if path == "/openapi/v2":
            if _PROTOBUF not in accept and accept and "json" not in accept and "*" not in accept:
                raise status.not_acceptable((_JSON, _PROTOBUF))
            others = await self._aggregation.documents.extensions() if self._aggregation.backends else ()
            if _PROTOBUF in accept:
                build = functools.partial(openapi.v2_protobuf, self._kinds, others)
                return await _document(context, build, _PROTOBUF_ANSWER)
            return await _document(context, functools.partial(openapi.v2, self._kinds, others), _JSON)
        if path == "/openapi/v3":
            return await _document(
                context, functools.partial(openapi.v3_index, self._kinds, await self._others()), _TEXT
            )
        if accept and "json" not in accept and "/*" not in accept:
            return web.Response(status=406)
        group, version = _group_version(path.removeprefix("/openapi/v3/"))
        if backend := self._aggregation.backends.get((group, version)):
            from apiserver_stub.aggregation import proxy

            return await proxy.serve(context, backend)
        return await _document(context, functools.partial(openapi.v3_group, self._kinds, group, version), _JSON)

    async def _others(self) -> dict[str, str]:
        """Where the v3 documents of aggregated servers are."""
        if not self._aggregation.backends:
            return {}
        return {one.path: one.url for one in await self._aggregation.documents.v3()}


async def _document(
    context: Context, build: "Callable[[], openapi.Document | None]", media: str
) -> web.Response | None:
    request = context.request
    found = await asyncio.to_thread(build)  # the first time takes a quarter of a second
    if found is None:
        return None
    headers = {"Content-Type": media, "ETag": f'"{found.etag}"', "Vary": "Accept-Encoding, Accept"}
    if (asked := context.query.get("hash")) and media == _JSON:
        if asked != found.etag:
            return _moved(context, found.etag)
        headers |= {"Cache-Control": "public, immutable", "Expires": _in_a_year()}
    if _has_current(request, found.etag):
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=found.gzipped, headers=headers | {"Content-Encoding": "gzip"})
    return web.Response(body=found.plain(), headers=headers)


def _moved(context: Context, etag: str) -> web.Response:
    """To where the document is that the server has now."""
    place = f"{context.target.path.rstrip('/')}?hash={etag}"
    headers = {"Location": place, "Content-Type": "text/html; charset=utf-8", "ETag": f'"{etag}"'}
    return web.Response(status=301, text=f'<a href="{place}">Moved Permanently</a>.\n\n', headers=headers)


def _has_current(request: web.BaseRequest, etag: str) -> bool:
    """Whether If-None-Match names the document that would be sent."""
    known = request.headers.get("If-None-Match", "")
    return any(tag.strip().removeprefix("W/").strip('"') in (etag, "*") for tag in known.split(",")) if known else False


def _in_a_year() -> str:
    return email.utils.formatdate(time.time() + 365 * 86400, usegmt=True)


def _is_aggregated(wish: str, version: str) -> bool:
    params = dict(item.partition("=")[::2] for item in wish.split(";")[1:])
    if params.get("g") != "apidiscovery.k8s.io" or params.get("as") != "APIGroupDiscoveryList":
        return False
    return not version or params.get("v") == version


def _group_version(path: str) -> tuple[str, str]:
    """`api/v1` or `apis/GROUP/VERSION`."""
    parts = path.split("/")
    if parts[0] == "api" and len(parts) == 2:
        return "", parts[1]
    if parts[0] == "apis" and len(parts) == 3:
        return parts[1], parts[2]
    return "", ""
