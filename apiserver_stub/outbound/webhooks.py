"""Calls to webhooks: HTTPS by URL or to a Service, whose CA the client configuration names."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from apiserver_stub.outbound import services
from apiserver_stub.storage.log import Log

Object = dict[str, Any]

# No answer may be larger, in bytes.
ANSWER_LIMIT = 3 * 1024 * 1024
_KEPT_CONTEXTS = 64
_KEEP_SECONDS = 90.0
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, */*",
    "User-Agent": "kube-apiserver-admission",
}


class WebhookError(Exception):
    """The webhook could not be asked or gave no answer; the text is what upstream says."""


@dataclass(frozen=True, slots=True)
class _Place:
    """shown: the URL as messages show it; connect: where it leads; name: what the certificate must be for."""

    shown: str
    connect: str
    name: str


class Webhooks:
    """Finds and asks webhooks; connections are kept for the next question, contexts for TLS by CA bundle."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Ends all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, config: Mapping[str, Any], question: bytes, seconds: int) -> bytes:
        """The body of the answer to a POST of JSON.

        config: WebhookClientConfig. seconds: how long it may take. Raises WebhookError.
        """
        place = self._place(config, seconds)
        prefix = f'Post "{place.shown}": '
        try:
            context = self._context(config.get("caBundle") or "")
            async with asyncio.timeout(seconds):
                return await self._post(place, question, context)
        except aiohttp.ClientConnectorCertificateError as error:
            raise WebhookError(f"{prefix}{_certificate_fault(error)}") from None
        except aiohttp.ClientConnectorDNSError as error:
            raise WebhookError(f"{prefix}dial tcp: lookup {error.host}: no such host") from None
        except TimeoutError:
            raise WebhookError(f"{prefix}context deadline exceeded") from None
        except (aiohttp.ClientConnectorError, OSError) as error:
            raise WebhookError(f"{prefix}{_connection_fault(place, error)}") from None
        except aiohttp.ServerDisconnectedError:
            raise WebhookError(f"{prefix}EOF") from None
        except aiohttp.ClientError as error:
            raise WebhookError(f"{prefix}{str(error) or 'EOF'}") from None

    def _place(self, config: Mapping[str, Any], timeout: int) -> _Place:
        if address := config.get("url"):
            url = yarl.URL(address).update_query(timeout=f"{timeout}s")
            return _Place(str(url), str(url), url.host or "")
        service = config.get("service") or {}
        namespace, name, port = service.get("namespace", ""), service.get("name", ""), int(service.get("port") or 443)
        server = services.server_name(namespace, name)
        path = "/" + str(service.get("path") or "").removeprefix("/")
        shown = f"https://{server}:{port}{path}?timeout={timeout}s"
        try:
            host, at = services.resolve(self._log, namespace, name, port)
        except services.Unresolved as problem:
            raise WebhookError(f'Post "{shown}": {problem}') from None
        host = f"[{host}]" if ":" in host else host
        return _Place(shown, f"https://{host}:{at}{path}?timeout={timeout}s", server)

    def _context(self, bundle: str) -> ssl.SSLContext:
        """bundle: PEM in base64; the system's CAs if empty."""
        found = self._contexts.get(bundle)
        if found is None:
            if len(self._contexts) >= _KEPT_CONTEXTS:
                self._contexts.clear()
            found = self._contexts[bundle] = _trusting(bundle)
        return found

    async def _post(self, place: _Place, question: bytes, context: ssl.SSLContext) -> bytes:
        try:
            return await self._exchange(place, question, context)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            # Most likely a kept connection that the other side had closed meanwhile.
            return await self._exchange(place, question, context)

    async def _exchange(self, place: _Place, question: bytes, context: ssl.SSLContext) -> bytes:
        headers = _HEADERS | {"Host": yarl.URL(place.shown).authority}
        async with self._client().post(
            yarl.URL(place.connect, encoded=True),
            data=question,
            headers=headers,
            ssl=context,
            server_hostname=place.name,
            allow_redirects=False,
        ) as answer:
            content = b""
            while len(content) <= ANSWER_LIMIT and (more := await answer.content.read(ANSWER_LIMIT + 1)):
                content += more
            if len(content) > ANSWER_LIMIT:
                raise WebhookError(f"webhook response is larger than {ANSWER_LIMIT} bytes")
            if not 200 <= answer.status < 300:
                raise WebhookError(_refusal(answer.status, content))
            return content

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No limit: a webhook that is slow must not keep the questions to others waiting.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _trusting(bundle: str) -> ssl.SSLContext:
    """A context for TLS, as strict as Go's: any certificate of the bundle is trusted as it stands."""
    try:
        cas = base64.b64decode(bundle).decode("ascii", "replace") if bundle else None
        context = ssl.create_default_context(cadata=cas)
    except (ValueError, ssl.SSLError):
        raise WebhookError("unable to load root certificates: unable to parse bytes as PEM block") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _certificate_fault(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    text = getattr(cause, "verify_message", "") or str(cause)
    words = {
        18: "x509: certificate signed by unknown authority",
        19: "x509: certificate signed by unknown authority",
        20: "x509: certificate signed by unknown authority",
        9: "x509: certificate has expired or is not yet valid",
        10: "x509: certificate has expired or is not yet valid",
    }
    shown = words.get(getattr(cause, "verify_code", 0), f"x509: {text}")
    return f"tls: failed to verify certificate: {shown}"


def _connection_fault(place: _Place, error: BaseException) -> str:
    cause = getattr(error, "os_error", error)
    where = yarl.URL(place.connect).authority
    if isinstance(cause, ConnectionRefusedError):
        return f"dial tcp {where}: connect: connection refused"
    return f"dial tcp {where}: {getattr(cause, 'strerror', None) or cause}"


def _refusal(code: int, content: bytes) -> str:
    """An HTTP error as client-go tells it."""
    known = {
        400: "the server rejected our request for an unknown reason",
        401: "the server has asked for the client to provide credentials",
        403: "forbidden",
        404: "the server could not find the requested resource",
        405: "the server does not allow this method on the requested resource",
    }
    if code in known:
        return known[code]
    text = content.decode(errors="replace").strip()
    if code >= 500:
        shown = json.dumps(text[:2048]) if text else '"unknown"'
        return f"an error on the server ({shown}) has prevented the request from succeeding"
    return f"the server responded with the status code {code} but did not return more information"
