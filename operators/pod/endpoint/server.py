"""The kubelet endpoint's HTTPS server: kubelet's routes, for whom the API server allows."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from aiohttp import web

from operators.pod.endpoint import (
    authorize,
    backend,
    logfiles,
    logoptions,
    logs,
    nodelogs,
    plain,
    runtime,
    streams,
    upgrade,
    websocket,
)
from operators.pod.endpoint import channels as protocols

_STOPPING = 1.0  # seconds that open streams get when the server stops


async def serve(
    source: backend.Backend,
    *,
    address: str = "0.0.0.0",  # noqa: S104  the API server may reach the node by any of its addresses
    port: int = 10250,
    tls_cert: Path,
    tls_key: Path,
    client_ca: Path,
    launcher: runtime.Launcher = runtime.prepare,
) -> web.AppRunner:
    """A running server; `await runner.cleanup()` stops it. Raises OSError (port in use), ssl.SSLError."""
    context = authorize.context(tls_cert, tls_key, client_ca)
    # A handler whose client is gone is cancelled: what it started ends with it.
    runner = web.AppRunner(
        application(source, launcher), handler_cancellation=True, access_log=None, shutdown_timeout=_STOPPING
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, ssl_context=context).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def application(source: backend.Backend, launcher: runtime.Launcher) -> web.Application:
    app = web.Application(middlewares=[authorize.guard(source.reviews)])
    endpoint = _Logs(source)
    node_logs = nodelogs.NodeLogs(source.log_root)
    tied = streams.Streams(source, launcher)
    app.on_cleanup.append(tied.close)
    plain.Plain(source).add_to(app)
    for path in ("/logs", "/logs/", "/logs/{path:.+}"):
        app.router.add_get(path, node_logs.answer)
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", endpoint.logs, allow_head=False)
    for method in ("GET", "POST"):
        app.router.add_route(method, "/exec/{namespace}/{pod}/{container}", tied.exec)
        app.router.add_route(method, "/attach/{namespace}/{pod}/{container}", tied.attach)
        app.router.add_route(method, "/portForward/{namespace}/{pod}", tied.port_forward)
    return app


class _Logs:
    """/containerLogs."""

    def __init__(self, source: backend.Backend) -> None:
        self._source = source

    async def logs(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info
        try:
            wanted = logoptions.parse(request.query, time.time_ns())
            container = await self._source.container(names["namespace"], names["pod"], names["container"])
            runs = await asyncio.to_thread(logfiles.runs, container.log_dir)
            run = logs.choose(container, runs, wanted.previous)
        except (logoptions.BadLogOptions, logs.NoLogs) as error:
            return web.Response(status=400, text=str(error))
        except backend.PodNotFound:
            return web.Response(status=404, text=f'pod "{names["pod"]}" not found\n')
        except backend.ContainerNotFound:
            text = f'container "{names["container"]}" not found in pod "{names["pod"]}"\n'
            return web.Response(status=404, text=text)
        if upgrade.kind(request) == "websocket":
            return await _logs_over_websocket(request, container, wanted, run)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        if run is not None:
            await logs.stream(container, wanted, run, response.write)
        await response.write_eof()
        return response


async def _logs_over_websocket(
    request: web.Request, container: backend.ContainerRef, wanted: logoptions.LogOptions, run: logfiles.Run | None
) -> web.StreamResponse:
    """Pieces of the log as binary messages."""
    try:
        async with websocket.open(request, protocols.LOGS) as (socket, _):
            if run is not None:
                await logs.stream(container, wanted, run, socket.send_bytes)
    except websocket.NoCommonProtocol as error:
        return web.Response(status=400, text=str(error))
    except ConnectionError:
        pass
    return upgrade.Taken()
