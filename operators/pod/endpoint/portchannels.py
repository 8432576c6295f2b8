"""port-forward as older WebSocket clients do it: the ports are in the query, and each has two channels."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence

from aiohttp import WSMsgType, web

from operators.pod.endpoint import backend, channels, inbound, portforward

_CHUNK = 64 * 1024


class _Channel:
    """A portforward.Stream; this protocol has no way to say that one ends."""

    def __init__(self, socket: web.WebSocketResponse, number: int) -> None:
        self._socket = socket
        self._number = number
        self.inbound = inbound.Inbound()

    async def read(self) -> bytes:
        return await self.inbound.get()

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            await self._socket.send_bytes(channels.message(self._number, data[start : start + _CHUNK]))

    async def end(self) -> None:
        return None


async def run(socket: web.WebSocketResponse, pod: backend.PodRef, ports: Sequence[int]) -> None:
    """Until all ports' connections have ended or the client is gone. Channels 2n and 2n+1: data and error of port n."""
    streams = [_Channel(socket, number) for number in range(2 * len(ports))]
    for index, port in enumerate(ports):
        for stream in streams[2 * index : 2 * index + 2]:
            await stream.write(struct.pack("<H", port))
    forwards = [
        asyncio.create_task(portforward.forward(streams[2 * index], streams[2 * index + 1], pod, port))
        for index, port in enumerate(ports)
    ]
    pumping = asyncio.create_task(_pump(socket, streams))
    try:
        await asyncio.wait(forwards)
    finally:
        for task in [*forwards, pumping]:
            task.cancel()
        await asyncio.gather(*forwards, pumping, return_exceptions=True)


async def _pump(socket: web.WebSocketResponse, streams: Sequence[_Channel]) -> None:
    try:
        while (received := await socket.receive()).type is WSMsgType.BINARY:
            number, data = channels.split(received.data)
            if 0 <= number < len(streams):
                await streams[number].inbound.put(data)
    finally:
        for stream in streams:
            stream.inbound.end()
