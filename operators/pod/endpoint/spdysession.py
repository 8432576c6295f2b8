"""exec and attach over SPDY/3.1 (`v4.channel.k8s.io`): a Session whose streams the client opens by name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web

from operators.pod.endpoint import options, session, spdyconnection, upgrade

PROTOCOL = "v4.channel.k8s.io"
HEADER = "X-Stream-Protocol-Version"
_OPENING = 30.0  # seconds a client gets to open its streams


class NoCommonProtocol(Exception):
    """The client offers no stream protocol that is served here (403)."""


def negotiate(request: web.Request, supported: str) -> None:
    """Raises NoCommonProtocol unless the client offers `supported`."""
    headers = request.headers.getall(HEADER, [])
    offered = [name.strip() for header in headers for name in header.split(",") if name.strip()]
    if supported not in offered:
        raise NoCommonProtocol(
            f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(offered)}], "
            f"server accepts [{supported}]"
        )


def switched(protocol: str) -> dict[str, str]:
    """The headers of the 101."""
    return {"Connection": "Upgrade", "Upgrade": upgrade.SPDY, HEADER: protocol}


class SpdySession(session.Session):
    def __init__(self, streams: dict[str, spdyconnection.Stream]) -> None:
        super().__init__()
        self._streams = streams
        if "stdin" in streams:
            self.stdin = streams["stdin"].inbound
        else:
            self.stdin.end()

    async def write(self, output: session.Output, data: bytes) -> None:
        if (stream := self._streams.get(output.value)) is not None:
            await stream.write(data)

    async def finish(self, status: dict[str, Any]) -> None:
        await self._streams["error"].write(orjson.dumps(status))
        for name in ("stdout", "stderr", "error"):
            if name in self._streams:
                await self._streams[name].end()

    async def read_sizes(self) -> None:
        if (stream := self._streams.get("resize")) is None:
            return
        while message := await stream.read():
            for line in message.splitlines():
                if (size := session.parse_size(line)) is not None:
                    self.sizes.put_nowait(size)


async def _collect(
    connection: spdyconnection.Connection, wanted: options.Streams
) -> dict[str, spdyconnection.Stream] | None:
    """The streams the client was to open, by their streamType; None if it did not."""
    expected = {"error"}
    expected |= {name for name in ("stdin", "stdout", "stderr") if getattr(wanted, name)}
    expected |= {"resize"} if wanted.tty else set()
    streams: dict[str, spdyconnection.Stream] = {}
    try:
        async with asyncio.timeout(_OPENING):
            while expected - streams.keys():
                stream = await connection.accept()
                if stream is None:
                    return None
                streams[stream.headers.get("streamtype", "")] = stream
    except TimeoutError:
        return None
    return streams


@contextlib.asynccontextmanager
async def serve_session(request: web.Request, wanted: options.Streams) -> AsyncIterator[SpdySession | None]:
    """None when the client did not open the streams it asked for."""
    negotiate(request, PROTOCOL)
    async with upgrade.switch(request, switched(PROTOCOL)) as pipe:
        connection = spdyconnection.Connection(pipe)
        running = asyncio.create_task(connection.run())
        sizes: asyncio.Task[None] | None = None
        try:
            streams = await _collect(connection, wanted)
            if streams is None:
                yield None
                return
            client = SpdySession(streams)
            running.add_done_callback(lambda _: client.lost())
            sizes = asyncio.create_task(client.read_sizes())
            yield client
        finally:
            if sizes is not None:
                sizes.cancel()
            await connection.close(running)
