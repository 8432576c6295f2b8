"""Who may ask: the API server, and nobody else."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

CLIENT = "kube-apiserver-kubelet-client"


def context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client without a certificate of `client_ca` does not get past the handshake."""
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
