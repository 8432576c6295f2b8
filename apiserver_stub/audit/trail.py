"""One request as the audit log sees it, from its first stage to its last."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from aiohttp import web

from apiserver_stub.audit.record import Body, Record

_DECISION: Final = "authorization.k8s.io/decision"
_REASON: Final = "authorization.k8s.io/reason"


@dataclass(eq=False, slots=True)
class Trail:
    """What is remembered of one request. `annotations` may be added to while it runs."""

    put: Callable[[Record], None]
    record: Record
    omitted: frozenset[str]
    lasts: bool
    has_started: bool = False
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def wants_answer(self) -> bool:
        """Whether the whole answer is needed in one piece."""
        return self.record.level == "RequestResponse" and not self.lasts

    def sent(self, content: bytes, media: str) -> None:
        """The body of the request, as JSON or YAML."""
        self.record.request = Body(content, media)

    def decided(self, allowed: bool, reason: str) -> None:
        self.annotations |= {_DECISION: "allow" if allowed else "forbid", _REASON: reason}

    def started(self, code: int) -> None:
        """The first bytes of an answer that goes on, such as a watch."""
        if self.lasts and not self.has_started:
            self.has_started = True
            self._emit("ResponseStarted", code)

    def ended(self, response: web.StreamResponse | None, *, panicked: bool = False) -> None:
        """response: None where the client left before or while it was answered."""
        code = response.status if response is not None else 200
        is_status = code >= 400 or self.record.head["verb"].startswith("delete")
        if isinstance(response, web.Response) and (self.wants_answer or is_status):
            self.record.response = _body(response)
        self.started(code)
        self._emit("Panic" if panicked else "ResponseComplete", code)

    def _emit(self, stage: str, code: int = 0) -> None:
        if stage not in self.omitted:
            at = datetime.datetime.now(datetime.UTC)
            self.put(replace(self.record, stage=stage, at=at, code=code, annotations=dict(self.annotations)))


def _body(response: web.Response) -> Body:
    content = response.body if isinstance(response.body, bytes | bytearray) else b""
    is_gzip = response.headers.get("Content-Encoding", "") == "gzip"
    return Body(bytes(content), response.headers.get("Content-Type", ""), is_gzip)
