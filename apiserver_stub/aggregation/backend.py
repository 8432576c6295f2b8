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
from apiserver_stub.outbound import connections, services
from apiserver_stub.outbound.connections import Place, Unreachable
from apiserver_stub.storage.log import Log

CONNECT_SECONDS: Final = 10.0
# Of documents that this server asks for itself, in seconds and bytes.
FETCH_SECONDS: Final = 5.0
FETCH_LIMIT: Final = 32 * 1024 * 1024


class Unresolved(Exception):
    """The Service leads nowhere."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


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
            self._session = connections.session(CONNECT_SECONDS, keep=90.0)
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
            raise Unreachable(f'Get "https://{place.authority}{path}": {connections.words(place, error)}') from None

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
