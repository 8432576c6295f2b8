"""/metrics, /healthz and /readyz of the operators' process: plain HTTP, meant for this machine only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from aiohttp import web

from operators._kube import metrics

Health = Callable[[], Mapping[str, Mapping[str, object]]]


async def serve(address: str, collector: metrics.Collector, health: Health) -> web.AppRunner:
    """Listen on "HOST:PORT". Raises OSError when that is taken, ValueError when it is no address."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise ValueError(f"{address!r} is not HOST:PORT")
    app = web.Application()

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.render(collector), content_type="text/plain", charset="utf-8")

    async def show_health(_: web.Request) -> web.Response:
        """200 as long as the process answers; an operator that fails is restarted without help from outside."""
        return _json({"operators": health()}, 200)

    async def show_ready(_: web.Request) -> web.Response:
        found = health()
        return _json({"operators": found}, 200 if all(entry["ok"] for entry in found.values()) else 503)

    app.add_routes(
        [web.get("/metrics", show_metrics), web.get("/healthz", show_health), web.get("/readyz", show_ready)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host.strip("[]") or "127.0.0.1", int(port)).start()
    return runner


def _json(value: object, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
