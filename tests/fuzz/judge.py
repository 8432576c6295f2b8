"""Sends requests to the server under test and notes every answer that no request may get."""

import http.client
import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bench.wire import Target

# An answer that takes longer is a hang, in seconds.
PATIENCE = 10.0
_NUMBERS = re.compile(r"[0-9]{4,}")
# Warnings are headers of their own.
http.client._MAXHEADERS = 1000  # type: ignore[attr-defined]
# An APIService that was changed sends its whole group to a Service that is not there, as upstream's do.
_NO_BACKEND = b"service unavailable\n"
# Subresources that reach for a kubelet, of which there is none here.
_REMOTE = ("/log", "/exec", "/attach", "/portforward", "/proxy")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the path is percent-encoded and holds the query."""

    method: str
    path: str
    body: bytes = b""
    media: str = "application/json"
    accept: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.media}) {self.body[:2000]!r}"


class Judge:
    """A connection that is kept up; `faults` is what went wrong."""

    def __init__(self, kubeconfig: Path) -> None:
        self._target = Target.of_kubeconfig(kubeconfig)
        self._connection = self._connect()
        self.faults: dict[str, Request] = {}
        self.codes: Counter[int] = Counter()

    def _connect(self) -> http.client.HTTPSConnection:
        target = self._target
        return http.client.HTTPSConnection(target.host, target.port, context=target.tls, timeout=PATIENCE)

    def send(self, request: Request) -> int:
        """The code of the answer; 0 where there was none."""
        began = time.monotonic()
        headers = {"Content-Type": request.media, "Accept": request.accept}
        try:
            self._connection.request(request.method, request.path, request.body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = self._connect()
            self._note(request, f"no answer after {time.monotonic() - began:.1f} s: {error!r}")
            return 0
        if response.will_close:
            self._connection.close()
        self.codes[response.status] += 1
        if (fault := _fault(request, response.status, content)) is not None:
            self._note(request, fault)
        return response.status

    def get(self, path: str) -> bytes:
        """The content of what must be there."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, f"GET {path}: {response.status} {content[:300]!r}"
        return content

    def _note(self, request: Request, fault: str) -> None:
        """One request for each kind of fault is enough."""
        self.faults.setdefault(_NUMBERS.sub("#", fault), request)

    def close(self) -> None:
        self._connection.close()

    def report(self) -> str:
        return "\n".join(f"{fault}\n    {request}" for fault, request in self.faults.items())


def _fault(request: Request, code: int, content: bytes) -> str | None:
    """What is wrong with an answer."""
    if b"Traceback (most recent call last)" in content:
        return f"{code} with a traceback: {content[:300]!r}"
    if code < 400:
        return None
    if code == 503 and content == _NO_BACKEND:
        return None
    if "json" in request.accept or content.startswith(b"{"):
        try:
            body = json.loads(content)
        except ValueError:
            return None if code in (404, 405) else f"{code} without a Status: {content[:300]!r}"
    else:
        body = _status_in_yaml(content)
    return f"{code}: {content[:500]!r}" if code >= 500 and not _is_upstreams(request, code, body) else None


def _status_in_yaml(content: bytes) -> dict[str, Any]:
    found = yaml.safe_load(content)
    return found if isinstance(found, dict) else {}


def _is_upstreams(request: Request, code: int, body: dict[str, Any]) -> bool:
    """Some mistakes of clients have always been answered so by Kubernetes, and clients know these answers."""
    path = request.path.partition("?")[0]
    if code == 500:
        lacks_replicas = path.endswith("/scale") and "does not exist" in body.get("message", "")
        return not body.get("reason") or lacks_replicas
    if code == 504:
        return "resource version" in body.get("message", "")
    return code in (501, 502, 503) and any(part in path for part in _REMOTE)
