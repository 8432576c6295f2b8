"""Calls to webhooks: HTTPS by URL or to a Service, whose CA the client configuration names."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from apiserver_stub.storage.log import Entry, Key, Log

Object = dict[str, Any]

# No answer may be larger, in bytes.
ANSWER_LIMIT = 3 * 1024 * 1024
_SERVICE_LABEL = "kubernetes.io/service-name"


class WebhookError(Exception):
    """The webhook could not be asked or gave no answer; the text is what upstream says."""


@dataclass(frozen=True, slots=True)
class _Place:
    """shown: the URL as messages show it; connect: where it leads; name: what the certificate must be for."""

    shown: str
    connect: str
    name: str


class Webhooks:
    """Finds and asks webhooks; contexts for TLS are kept by CA bundle."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def ask(self, config: Mapping[str, Any], question: bytes, seconds: int) -> bytes:
        """The body of the answer to a POST of JSON.

        config: WebhookClientConfig. seconds: how long it may take. Raises WebhookError.
        """
        place = self._place(config, seconds)
        prefix = f'Post "{place.shown}": '
        try:
            context = self._context(config.get("caBundle") or "")
            return await _post(place, question, seconds, context)
        except aiohttp.ClientConnectorCertificateError as error:
            raise WebhookError(f"{prefix}{_certificate_fault(error)}") from None
        except aiohttp.ClientConnectorDNSError as error:
            raise WebhookError(f"{prefix}dial tcp: lookup {error.host}: no such host") from None
        except (aiohttp.ClientConnectorError, OSError) as error:
            raise WebhookError(f"{prefix}{_connection_fault(place, error)}") from None
        except TimeoutError:
            raise WebhookError(f"{prefix}context deadline exceeded") from None
        except aiohttp.ClientError as error:
            raise WebhookError(f"{prefix}{str(error) or 'EOF'}") from None

    def _place(self, config: Mapping[str, Any], timeout: int) -> _Place:
        if address := config.get("url"):
            url = yarl.URL(address).update_query(timeout=f"{timeout}s")
            return _Place(str(url), str(url), url.host or "")
        service = config.get("service") or {}
        port = int(service.get("port") or 443)
        name = f"{service.get('name')}.{service.get('namespace')}.svc"
        path = "/" + str(service.get("path") or "").removeprefix("/")
        shown = f"https://{name}:{port}{path}?timeout={timeout}s"
        try:
            host, at = self._resolve(service.get("namespace", ""), service.get("name", ""), port)
        except WebhookError as error:
            raise WebhookError(f'Post "{shown}": {error}') from None
        host = f"[{host}]" if ":" in host else host
        return _Place(shown, f"https://{host}:{at}{path}?timeout={timeout}s", name)

    def _resolve(self, namespace: str, name: str, port: int) -> tuple[str, int]:
        """Address and port behind a Service: an endpoint of it, or else its own address. Raises WebhookError."""
        entry = self._log.get(Key("", "services", namespace, name))
        if entry is None:
            raise WebhookError(f'service "{name}" not found')
        spec = entry.decode()["spec"]
        if spec.get("type") == "ExternalName":
            return spec["externalName"], port
        found = next((one for one in spec.get("ports") or () if one.get("port") == port), None)
        if found is None:
            raise WebhookError(f'no service port {port} found for service "{name}"')
        endpoint = self._endpoint(namespace, name, found.get("name") or "")
        if endpoint is not None:
            return endpoint
        if spec.get("clusterIP") in (None, "", "None") or spec.get("selector"):
            raise WebhookError(f'no endpoints available for service "{name}"')
        return spec["clusterIP"], port

    def _endpoint(self, namespace: str, name: str, port: str) -> tuple[str, int] | None:
        for entry in self._log.list(("discovery.k8s.io", "endpointslices"), namespace):
            if (entry.labels or {}).get(_SERVICE_LABEL) == name and (found := _ready(entry, port)):
                return found
        entry_ = self._log.get(Key("", "endpoints", namespace, name))
        for subset in (entry_.decode().get("subsets") or ()) if entry_ else ():
            number = _port(subset, port)
            if number and subset.get("addresses"):
                return subset["addresses"][0]["ip"], number
        return None

    def _context(self, bundle: str) -> ssl.SSLContext:
        """bundle: PEM in base64; the system's CAs if empty."""
        found = self._contexts.get(bundle)
        if found is None:
            if len(self._contexts) > 64:
                self._contexts.clear()
            try:
                cas = base64.b64decode(bundle).decode("ascii", "replace") if bundle else None
                found = ssl.create_default_context(cadata=cas)
            except (ValueError, ssl.SSLError):
                raise WebhookError("unable to load root certificates: unable to parse bytes as PEM block") from None
            self._contexts[bundle] = found
        return found


async def _post(place: _Place, question: bytes, seconds: int, context: ssl.SSLContext) -> bytes:
    headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
    headers["Host"] = yarl.URL(place.shown).authority
    limit = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=limit) as session,
        session.post(
            yarl.URL(place.connect, encoded=True),
            data=question,
            headers=headers,
            ssl=context,
            server_hostname=place.name,
            allow_redirects=False,
        ) as answer,
    ):
        content = await answer.content.read(ANSWER_LIMIT + 1)
        while len(content) <= ANSWER_LIMIT and (more := await answer.content.read(ANSWER_LIMIT)):
            content += more
        if len(content) > ANSWER_LIMIT:
            raise WebhookError(f"webhook response is larger than {ANSWER_LIMIT} bytes")
        if not 200 <= answer.status < 300:
            raise WebhookError(_refusal(answer.status, content))
        return content


def _ready(entry: Entry, port: str) -> tuple[str, int] | None:
    slice_ = entry.decode()
    number = _port(slice_, port)
    for endpoint in slice_.get("endpoints") or ():
        ready = (endpoint.get("conditions") or {}).get("ready")
        if number and ready is not False and endpoint.get("addresses"):
            return endpoint["addresses"][0], number
    return None


def _port(holder: Mapping[str, Any], name: str) -> int | None:
    for port in holder.get("ports") or ():
        if (port.get("name") or "") == name and port.get("port"):
            return int(port["port"])
    return None


def _certificate_fault(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    text = getattr(cause, "verify_message", "") or str(cause)
    words = {
        18: "x509: certificate signed by unknown authority",
        19: "x509: certificate signed by unknown authority",
        20: "x509: certificate signed by unknown authority",
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
