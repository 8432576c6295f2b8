"""Logs, exec, attach, port-forward and node proxy: forwarded to the kubelet endpoint that the Node names."""

import asyncio
import functools
import ssl
from pathlib import Path
from urllib.parse import quote

import aiohttp
import yarl
from aiohttp import web

from apiserver_stub.auth import tls
from apiserver_stub.http import handshake, kubelet, passing, tunnel
from apiserver_stub.http.context import Context
from apiserver_stub.meta import status
from apiserver_stub.outbound.connections import bracketed
from apiserver_stub.registry.generic import Object
from apiserver_stub.storage.log import Key, Log

# Headers that end here: credentials never leave this server, and each connection has its own framing.
_OWN = frozenset({"authorization", "cookie", "host", "content-length", "transfer-encoding", "te", "keep-alive"})
_CONNECT_SECONDS = 10.0


class Forwarder:
    """Speaks to kubelet endpoints with the server's client certificate."""

    def __init__(self, log: Log, pki: Path) -> None:
        self._log = log
        self._pki = pki

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls.client(self._pki, "kubelet-client")

    def renew(self) -> None:
        """The files of the certificate have changed. Raises OSError and ssl.SSLError."""
        if "_tls" in self.__dict__:
            tls.renew(self._tls, self._pki, "kubelet-client")

    async def log(self, context: Context) -> web.StreamResponse:
        pod = self._pod(context)
        name = kubelet.container(pod, context.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)
        path = kubelet.log_path(pod, name, context.query)
        endpoint = self._endpoint(pod["spec"]["nodeName"])
        if passing.wants_upgrade(context.request):
            return await self._tunnel(context, endpoint, path)
        return await self._stream(context, endpoint, path)

    async def connect(self, context: Context) -> web.StreamResponse:
        """exec, attach and portforward."""
        pod = self._pod(context)
        verb, query = context.target.subresource, context.query
        if verb == "portforward":
            path = kubelet.port_forward_path(pod, query)
        else:
            path = kubelet.exec_path(pod, kubelet.container(pod, query.get("container", "")), query, verb)
        if not pod["spec"].get("nodeName"):
            raise status.bad_request(f"pod {context.target.name} does not have a host assigned")
        if not passing.wants_upgrade(context.request):
            raise status.bad_request("Upgrade request required")
        return await self._tunnel(context, self._endpoint(pod["spec"]["nodeName"]), path)

    async def node(self, context: Context) -> web.StreamResponse:
        """nodes/proxy."""
        path = "/" + quote(context.target.tail)
        if context.target.tail and context.request.path.endswith("/"):
            path += "/"  # a folder to the kubelet, as /logs/ is
        if query := context.request.rel_url.raw_query_string:
            path += f"?{query}"
        endpoint = self._endpoint(context.target.name)
        if passing.wants_upgrade(context.request):
            return await self._tunnel(context, endpoint, path)
        return await self._stream(context, endpoint, path)

    def _pod(self, context: Context) -> Object:
        key = Key("", "pods", context.target.namespace, context.target.name)
        entry = self._log.get(key)
        if entry is None:
            raise status.not_found(("", "pods"), context.target.name)
        return entry.decode()

    def _endpoint(self, node: str) -> kubelet.Endpoint:
        entry = self._log.get(Key("", "nodes", "", node))
        if entry is None:
            raise status.not_found(("", "nodes"), node)
        return kubelet.endpoint(entry.decode())

    async def _stream(self, context: Context, endpoint: kubelet.Endpoint, path: str) -> web.StreamResponse:
        """A plain request; the answer is passed on piece by piece as it comes."""
        request = context.request
        headers = {key: value for key, value in request.headers.items() if _passes(key)}
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS)
        url = f"https://{bracketed(endpoint.host)}:{endpoint.port}{path}"
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.request(
                    request.method,
                    yarl.URL(url, encoded=True),
                    headers=headers,
                    data=request.content if request.body_exists else None,
                    ssl=self._tls,
                    allow_redirects=False,
                ) as answer,
            ):
                if context.target.subresource == "log" and answer.status >= 400:
                    raise _as_status(answer.status, await answer.text())
                return await passing.passed_on(request, answer)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _unreachable(endpoint, error) from None

    async def _tunnel(self, context: Context, endpoint: kubelet.Endpoint, path: str) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, pipe = await loop.create_connection(
                    tunnel.Pipe, endpoint.host, endpoint.port, ssl=self._tls, server_hostname=endpoint.host
                )
        except OSError as error:
            raise _unreachable(endpoint, error) from None
        try:
            return await handshake.forward(context.request, pipe, _head(context.request, endpoint, path))
        except handshake.Failed as error:
            raise status.unknown(f"error dialing backend: {error}") from None


def _head(request: web.BaseRequest, endpoint: kubelet.Endpoint, path: str) -> bytes:
    """The request as the kubelet endpoint gets it."""
    lines = [f"{request.method} {path} HTTP/1.1", f"Host: {bracketed(endpoint.host)}:{endpoint.port}"]
    lines += [f"{key}: {value}" for key, value in request.headers.items() if _passes(key)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _passes(header: str) -> bool:
    lower = header.lower()
    if lower.startswith("impersonate-"):
        return False
    return lower not in _OWN


def _as_status(code: int, text: str) -> status.StatusError:
    """A kubelet endpoint's plain error as the API tells it."""
    message = text.strip()
    if code == 400:
        return status.bad_request(message)
    if code == 404:
        return status.no_such_resource()
    return status.internal(message)


def _unreachable(endpoint: kubelet.Endpoint, error: BaseException) -> status.StatusError:
    cause = getattr(error, "os_error", error)
    refused = isinstance(cause, ConnectionRefusedError)
    text = "connect: connection refused" if refused else (getattr(cause, "strerror", None) or "i/o timeout")
    return status.unknown(f"error dialing backend: dial tcp {bracketed(endpoint.host)}:{endpoint.port}: {text}")
