"""Just enough of an API server for kubectl to reach the endpoint: one Pod, and everything else forwarded as bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit

_POD = re.compile(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)(?:/(log|exec|attach|portforward))?")
_ROUTES = {"log": "containerLogs", "exec": "exec", "attach": "attach", "portforward": "portForward"}


class ForwardingServer:
    """Plain HTTP in front, TLS with a client certificate behind; pod: the object that any GET of a Pod returns."""

    def __init__(self, endpoint_port: int, context: ssl.SSLContext, pod: dict[str, Any]) -> None:
        self._endpoint_port = endpoint_port
        self._context = context
        self._pod = pod
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> ForwardingServer:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        url = urlsplit(target)
        found = _POD.fullmatch(url.path)
        if found is not None and found[3]:
            namespace, pod, what = found.groups()
            path = f"/{_ROUTES[what]}/{namespace}/{pod}"
            if what != "portforward":
                default = self._pod["spec"]["containers"][0]["name"]
                path += "/" + parse_qs(url.query).get("container", [default])[0]
            rest = head.split(b"\r\n", 1)[1]
            await self._forward(f"{method} {path}?{url.query} HTTP/1.1\r\n".encode() + rest, reader, writer)
            return False
        body = json.dumps(self._answer(url.path, found)).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
        return True

    def _answer(self, path: str, found: re.Match[str] | None) -> dict[str, Any]:
        if found is not None:
            metadata = {**self._pod["metadata"], "namespace": found[1], "name": found[2]}
            return {"apiVersion": "v1", "kind": "Pod", **self._pod, "metadata": metadata}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/api/v1":
            pods = {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get"]}
            return {"kind": "APIResourceList", "groupVersion": "v1", "resources": [pods]}
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(
            "127.0.0.1", self._endpoint_port, ssl=self._context, server_hostname="localhost"
        )
        far_writer.write(head)
        try:
            there = asyncio.ensure_future(_copy(reader, far_writer))
            back = asyncio.ensure_future(_copy(far_reader, writer))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
        finally:
            far_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(256 * 1024):
            writer.write(data)
            await writer.drain()
