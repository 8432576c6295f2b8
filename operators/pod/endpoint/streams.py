"""The routes that end in an upgraded connection: exec, attach and port-forward, over WebSocket or SPDY."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from operators.pod.endpoint import (
    attach,
    backend,
    channels,
    exec,
    options,
    portchannels,
    portforward,
    runtime,
    session,
    spdyconnection,
    spdysession,
    upgrade,
    websocket,
)

Work = Callable[[session.Session, backend.ContainerRef, options.Streams], Awaitable[dict[str, Any]]]


class Streams:
    def __init__(self, source: backend.Backend, launcher: runtime.Launcher) -> None:
        self._source = source
        self._launcher = launcher
        self._attacher = attach.Attacher()

    async def close(self, _app: web.Application) -> None:
        await self._attacher.close()

    async def exec(self, request: web.Request) -> web.StreamResponse:
        async def work(
            client: session.Session, container: backend.ContainerRef, wanted: options.Streams
        ) -> dict[str, Any]:
            return await exec.run(client, container, wanted, self._launcher)

        if not request.query.getall("command", []):
            return web.Response(status=400, text="you must specify at least 1 command")
        return await self._session(request, work)

    async def attach(self, request: web.Request) -> web.StreamResponse:
        return await self._session(request, self._attacher.run)

    async def _session(self, request: web.Request, work: Work) -> web.StreamResponse:
        names = request.match_info
        try:
            wanted = options.parse_streams(request.query)
            container = await self._source.container(names["namespace"], names["pod"], names["container"])
            if not container.running:
                raise backend.ContainerNotFound
        except options.BadOptions as error:
            return web.Response(status=400, text=str(error))
        except backend.PodNotFound:
            return web.Response(status=404, text="pod does not exist")
        except backend.ContainerNotFound:
            return web.Response(status=500, text=f'container not found ("{names["container"]}")')
        kind = upgrade.kind(request)
        try:
            if kind == "websocket":
                async with websocket.serve_session(request, wanted) as client:
                    await client.finish(await work(client, container, wanted))
            elif kind == "spdy/3.1":
                async with spdysession.serve_session(request, wanted) as opened:
                    if opened is not None:
                        await opened.finish(await work(opened, container, wanted))
            else:
                return _no_upgrade()
        except websocket.NoCommonProtocol as error:
            return web.Response(status=400, text=str(error))
        except spdysession.NoCommonProtocol as error:
            return web.Response(status=403, text=str(error))
        except ConnectionError:
            pass
        return upgrade.Taken()

    async def port_forward(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info
        try:
            pod = await self._source.pod(names["namespace"], names["pod"])
        except backend.PodNotFound:
            return web.Response(status=404, text="pod does not exist")
        if not pod.running:
            return web.Response(status=500, text=f'pod not found ("{pod.pod}_{pod.namespace}")')
        kind = upgrade.kind(request)
        try:
            if kind == "spdy/3.1":
                spdysession.negotiate(request, portforward.PROTOCOL)
                async with upgrade.switch(request, spdysession.switched(portforward.PROTOCOL)) as pipe:
                    await _forward_streams(pipe, pod)
            elif kind == "websocket" and channels.TUNNEL in websocket.offered(request):
                async with websocket.open(request, (channels.TUNNEL,)) as (socket, _):
                    await _forward_streams(websocket.MessagePipe(socket), pod)
            elif kind == "websocket":
                ports = options.parse_ports(request.query)
                async with websocket.open(request, channels.PORT_FORWARD) as (socket, _):
                    await portchannels.run(socket, pod, ports)
            else:
                return _no_upgrade()
        except (options.BadOptions, websocket.NoCommonProtocol) as error:
            return web.Response(status=400, text=str(error))
        except spdysession.NoCommonProtocol as error:
            return web.Response(status=403, text=str(error))
        except ConnectionError:
            pass
        return upgrade.Taken()


def _no_upgrade() -> web.StreamResponse:
    return web.Response(status=400, text="unable to upgrade: missing upgrade headers in request")


async def _forward_streams(pipe: upgrade.Pipe, pod: backend.PodRef) -> None:
    connection = spdyconnection.Connection(pipe)
    running = asyncio.create_task(connection.run())
    try:
        await portforward.Forwarder(connection, pod).run()
    finally:
        await connection.close(running)
