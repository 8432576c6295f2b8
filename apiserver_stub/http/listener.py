"""aiohttp's server, with answers to what is no HTTP request in the API's words and without tracebacks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import http_exceptions, web
from aiohttp.web_protocol import RequestHandler

from apiserver_stub.http import respond
from apiserver_stub.meta import status

if TYPE_CHECKING:
    from apiserver_stub.audit.trail import Trail


class Request(web.BaseRequest):
    """marks: headers of the answer, whoever makes it. trail: what the audit log is to know, None for nothing."""

    marks: Mapping[str, str] = {}
    trail: "Trail | None" = None

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """aiohttp calls it right before the headers of an answer are sent."""
        response.headers.update(self.marks)
        if self.trail is not None:
            self.trail.started(response.status)


class Listener(web.Server):
    """Makes a handler for each connection."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, request_factory=self._new_request, **options)

    def _new_request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Request:
        return Request(message, payload, protocol, writer, task, self._loop)

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way already")
        response = respond.failure(None, _fault(exc, message))
        response.force_close()
        return response


def _fault(exc: BaseException | None, message: str | None) -> status.StatusError:
    if isinstance(exc, http_exceptions.BadHttpMethod):
        return status.method_not_allowed()
    if isinstance(exc, http_exceptions.LineTooLong):
        return status.StatusError(431, "", "request header fields too large")
    return status.bad_request((message or "malformed HTTP request").partition("\n")[0].rstrip(": "))
