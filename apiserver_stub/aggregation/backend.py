"""The way to one aggregated server: where it is, whom to trust there, connections that are kept."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import yarl

from apiserver_stub.aggregation import remote as remotes
from apiserver_stub.aggregation.remote import Remote
from apiserver_stub.auth.authenticate import User
from apiserver_stub.outbound import services
from apiserver_stub.storage.log import Log

CONNECT_SECONDS: Final = 10.0
# Of documents that this server asks for itself, in seconds and bytes.
FETCH_SECONDS: Final = 5.0
FETCH_LIMIT: Final = 32 * 1024 * 1024

# OpenSSL's verify codes as Go words them.
_CERTIFICATE_FAULTS: Final = {
    9: "x509: certificate has expired or is not yet valid",
    10: "x509: certificate has expired or is not yet valid",
    18: "x509: certificate signed by unknown authority",
    19: "x509: certificate signed by unknown authority",
    20: "x509: certificate signed by unknown authority",
    21: "x509: certificate signed by unknown authority",
}


class Unreachable(Exception):
    """No connection or no answer; the text is what Go's HTTP client says."""


class Unresolved(Exception):
    """The Service leads nowhere."""


@dataclass(frozen=True, slots=True)
class Place:
    host: str
    port: int

    @property
    def authority(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Backend:
    """One server behind an APIService. pki: where the front-proxy client certificate is."""

    def __init__(self, remote: Remote, log: Log, pki: Path) -> None:
        self.remote = remote
        self.available = False
        # Since it was last checked: somebody asked for it, it did not answer, its Service changed.
        self.used = self.failed = self.moved = False
        self.noted = asyncio.Event()
        self.server_name = services.server_name(remote.namespace, remote.service)
        self._log = log
        self._certificate = pki / "front-proxy-client.crt"
        self._key = pki / "front-proxy-client.key"
        self._made = 0
        self._context: ssl.SSLContext | None = None
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def note(self, *, used: bool = False, failed: bool = False, moved: bool = False) -> None:
        """Tells whoever watches over the server."""
        self.used, self.failed, self.moved = self.used or used, self.failed or failed, self.moved or moved
        self.noted.set()

    def place(self) -> Place:
        """Raises Unresolved."""
        remote = self.remote
        try:
            return Place(*services.resolve(self._log, remote.namespace, remote.service, remote.port))
        except services.Unresolved as error:
            raise Unresolved(str(error)) from None

    def tls(self) -> ssl.SSLContext:
        """Made anew when the client certificate has been renewed. Raises Unreachable for a bad caBundle."""
        try:
            made = self._certificate.stat().st_mtime_ns
        except OSError:
            made = 0
        if self._context is None or made != self._made:
            self._context = _trusting(self.remote)
            if made:
                self._context.load_cert_chain(self._certificate, self._key)
            self._made = made
        return self._context

    def session(self) -> aiohttp.ClientSession:
        """Adds no headers of its own; redirects, compression and cookies are the client's business.

        Raises Unreachable after close.
        """
        if self._closed:
            raise Unreachable("use of closed network connection")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # No limit: watches hold their connections.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=90.0),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session

    def url(self, place: Place, path: str) -> yarl.URL:
        """path: with its query, percent-encoded."""
        return yarl.URL(f"https://{place.authority}{path}", encoded=True)

    async def fetch(self, path: str, accept: str, user: User, headers: Mapping[str, str] | None = None) -> Answer:
        """A document for this server's own use. Raises Unreachable, Unresolved."""
        place = self.place()
        sent = [*remotes.identity(user), ("Accept", accept), ("Host", self.server_name), *(headers or {}).items()]
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                self.session().get(
                    self.url(place, path),
                    headers=sent,
                    ssl=self.tls(),
                    server_hostname=self.server_name,
                    allow_redirects=False,
                ) as answer,
            ):
                body = b""
                while piece := await answer.content.read(FETCH_LIMIT + 1):
                    body += piece
                    if len(body) > FETCH_LIMIT:
                        raise Unreachable(f'Get "https://{place.authority}{path}": the answer is too large')
                return Answer(answer.status, answer.headers, body)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f'Get "https://{place.authority}{path}": {words(place, error)}') from None

    async def close(self) -> None:
        """Ends all connections, those of requests under way too."""
        self._closed = True
        if self._session is not None:
            await self._session.close()


def _trusting(remote: Remote) -> ssl.SSLContext:
    try:
        cas = base64.b64decode(remote.ca_bundle).decode("ascii", "replace") if remote.ca_bundle else None
        context = ssl.create_default_context(cadata=cas)
    except (ValueError, ssl.SSLError):
        raise Unreachable("unable to load root certificates: unable to parse bytes as PEM block") from None
    # As Go: any certificate of the bundle is trusted as it stands.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if remote.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def words(place: Place, error: BaseException) -> str:
    """A failed request as Go's HTTP client tells it."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate_words(error.certificate_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_words(error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"dial tcp {place.authority}: i/o timeout"
    if isinstance(error, TimeoutError):
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    cause = getattr(error, "os_error", error)
    if isinstance(cause, ConnectionRefusedError):
        return f"dial tcp {place.authority}: connect: connection refused"
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ServerDisconnectedError):
        return f"dial tcp {place.authority}: {getattr(cause, 'strerror', None) or cause}"
    return "EOF"


def _certificate_words(error: BaseException) -> str:
    text = getattr(error, "verify_message", "") or str(error)
    shown = _CERTIFICATE_FAULTS.get(getattr(error, "verify_code", 0), f"x509: {text}")
    return f"tls: failed to verify certificate: {shown}"
