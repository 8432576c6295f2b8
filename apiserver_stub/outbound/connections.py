"""Connections to other servers: where they lead, and their failures in the words of Go's HTTP client."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp

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


@dataclass(frozen=True, slots=True)
class Place:
    host: str
    port: int

    @property
    def authority(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def session(connect_seconds: float, keep: float | None = None) -> aiohttp.ClientSession:
    """Adds no headers of its own; redirects, compression and cookies are the client's business.

    keep: how long connections wait for the next request, in seconds; None closes each after its answer.
    """
    return aiohttp.ClientSession(
        # No limit: watches hold their connections.
        connector=aiohttp.TCPConnector(limit=0, force_close=keep is None, keepalive_timeout=keep),
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )


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
