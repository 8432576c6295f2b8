"""aiohttp's server, with answers to what is no HTTP request in the API's words and without tracebacks."""

from aiohttp import http_exceptions, web
from aiohttp.web_protocol import RequestHandler

from apiserver_stub.http import respond
from apiserver_stub.meta import status


class Listener(web.Server):
    """Makes a handler for each connection."""

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
