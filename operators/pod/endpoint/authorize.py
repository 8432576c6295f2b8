"""Who may ask: the API server, and nobody else."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

log = logging.getLogger("ukube.kubelet")

CLIENT = "kube-apiserver-kubelet-client"


def context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client without a certificate of `client_ca` does not get past the handshake.

    Files that are replaced are used from the next connection on. Raises OSError, ssl.SSLError.
    """
    made = _context(certificate, key, client_ca)
    fresh = _Fresh(made, certificate, key, client_ca)
    made.sni_callback = fresh.choose
    return made


class _Fresh:
    """Looks, as a connection comes in, whether the certificate has been renewed."""

    def __init__(self, made: ssl.SSLContext, *files: Path) -> None:
        self._current = made
        self._files = files
        self._seen = self._stamps()

    def choose(self, connection: ssl.SSLObject, _name: str | None, _made: ssl.SSLContext) -> None:
        stamps = self._stamps()
        if stamps != self._seen:
            try:
                self._current, self._seen = _context(*self._files), stamps
            except (OSError, ssl.SSLError) as error:
                # They are replaced one after another: the next connection looks again.
                log.warning("renewed certificates can't be used yet: %s", error)
        connection.context = self._current

    def _stamps(self) -> list[int]:
        return [file.stat().st_mtime_ns if file.exists() else 0 for file in self._files]


def _context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(certificate, key)
    made.load_verify_locations(client_ca)
    made.set_alpn_protocols(["http/1.1"])
    return made


def common_name(request: web.BaseRequest) -> str | None:
    """Of the verified client certificate."""
    certificate = request.get_extra_info("peercert") or {}
    for names in certificate.get("subject", ()):
        for kind, value in names:
            if kind == "commonName":
                return str(value)
    return None


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_api_server(request: web.Request, handler: Handler) -> web.StreamResponse:
    name = common_name(request)
    if name != CLIENT:
        resource = "metrics" if request.path == "/metrics" else "proxy"
        verb = "get" if request.method == "GET" else "create"
        text = f"Forbidden (user={name or 'system:anonymous'}, verb={verb}, resource=nodes, subresource={resource})\n"
        return web.Response(status=403, text=text)
    return await handler(request)
