"""Who may ask: TLS, who the client is (certificate or token), and whether the API server lets him."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from operators.pod.endpoint import attributes, reviews

log = logging.getLogger("ukube.kubelet")

MASTERS = "system:masters"
_AUTHENTICATED = "system:authenticated"


def context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client certificate must be of `client_ca`, and may be left out (for a token).

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
    made.verify_mode = ssl.CERT_OPTIONAL
    made.load_cert_chain(certificate, key)
    made.load_verify_locations(client_ca)
    made.set_alpn_protocols(["http/1.1"])
    return made


def certified(request: web.BaseRequest) -> attributes.User | None:
    """The user that a verified client certificate names: common name, and organizations as groups."""
    certificate = request.get_extra_info("peercert") or {}
    pairs = [(str(kind), str(value)) for names in certificate.get("subject", ()) for kind, value in names]
    name = next((value for kind, value in pairs if kind == "commonName"), "")
    groups = tuple(value for kind, value in pairs if kind == "organizationName")
    return attributes.User(name, (*groups, _AUTHENTICATED)) if name else None


def bearer(request: web.BaseRequest) -> str:
    """The token of the Authorization header; "" without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def guard(asked: reviews.Reviews) -> Middleware:
    """The middleware through which every request goes."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = await _refusal(request, asked)
        return await handler(request) if refusal is None else refusal

    return check


async def _refusal(request: web.Request, asked: reviews.Reviews) -> web.Response | None:
    try:
        user = certified(request)
        if user is None and (token := bearer(request)):
            user = await asked.user_of(token)
    except reviews.Unanswered as error:
        log.warning("can't tell whose token that is: %s", error)
        user = None
    if user is None:
        return web.Response(status=401, text="Unauthorized")
    if MASTERS in user.groups:  # no rule can forbid them anything; the API server itself is one
        return None
    wish = attributes.of_request(request.method, request.path)
    for subresource in wish.subresources:
        try:
            if await asked.allows(user, wish.verb, subresource):
                return None
        except reviews.Unanswered as error:
            log.warning("can't tell what %s may do: %s", user.name, error)
            return web.Response(status=500, text=attributes.failed(user, wish, subresource))
    return web.Response(status=403, text=attributes.forbidden(user, wish))
