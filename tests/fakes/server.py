"""FakeServer: FakeApi behind HTTP, with discovery and watches, to run operators against in one process.

It can fail in the ways that real ones do: be restarted, lose its history (410), break streams, refuse requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from operators._kube.errors import ApiError
from operators._kube.meta import Object
from operators._kube.paths import Kind
from tests.fakes.api import CLUSTER_SCOPED, KINDS, FakeApi, parse_path

VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
SERVED = {
    "v1": ["configmaps", "events", "namespaces", "nodes", "pods", "secrets", "serviceaccounts", "services"],
    "apps/v1": ["deployments", "replicasets"],
    "apiextensions.k8s.io/v1": ["customresourcedefinitions"],
    "coordination.k8s.io/v1": ["leases"],
}


class FakeServer:
    """`api` holds the objects and survives stop() and start(); `log` what was asked for, as "GET /path"."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.api.watchers.append(self._record)
        self.history: list[tuple[int, str, Kind, Object]] = []
        self.compacted = 0
        self.log: list[str] = []
        self.counts: Counter[str] = Counter()
        self.refuse_watches = 0
        self.refuse_everybody = False
        self.close_watches = False
        self.garbage: list[bytes] = []
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._news = asyncio.Event()
        self._streams: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def stop(self) -> None:
        """As a kill: connections break, nothing is said."""
        self.break_streams()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def break_streams(self) -> None:
        for task in self._streams:
            task.cancel()

    def compact(self) -> None:
        """Forget what happened so far: watches from before get 410."""
        self.compacted = self.api.version
        self.history.clear()

    def watching(self) -> int:
        return len(self._streams)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        self.log.append(f"{request.method} {request.path_qs}")
        watch = request.query.get("watch") == "true"
        self.counts["WATCH" if watch else request.method] += 1
        if self.refuse_everybody:
            return reply({"kind": "Status", "reason": "Unauthorized", "message": "Unauthorized", "code": 401}, 401)
        if (found := discovery(path)) is not None:
            return reply(found)
        if watch:
            return await self._watch(request, parse_path(path)[0])
        body = orjson.loads(await request.read() or b"null")
        try:
            answer = await self.api.send(request.method, path, body=body, content_type=request.content_type)
        except ApiError as error:
            if error.is_unreachable:
                # The request was carried out, but nobody is told.
                assert request.transport is not None
                request.transport.abort()
            status = {"kind": "Status", "status": "Failure", "reason": error.reason, "message": error.message}
            return reply({**status, "code": error.status}, error.status)
        if request.method == "GET" and (fields := request.query.get("fieldSelector")) and "items" in answer:
            answer["items"] = [item for item in answer["items"] if selected(item, fields)]
        return reply(answer, 201 if request.method == "POST" else 200)

    async def _watch(self, request: web.Request, kind: Kind) -> web.StreamResponse:
        if self.refuse_watches:
            self.refuse_watches -= 1
            return reply({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}, 404)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        since = int(request.query.get("resourceVersion", "0"))
        try:
            await self._stream(response, kind, since, request.query.get("fieldSelector", ""))
        except (asyncio.CancelledError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._streams.discard(task)
        return response

    async def _stream(self, response: web.StreamResponse, kind: Kind, since: int, fields: str) -> None:
        while True:
            if since < self.compacted:
                await send(response, {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}})
                return
            if self.close_watches:
                return
            if self.garbage:
                await response.write(self.garbage.pop(0))
                return
            news = self._news
            for version, type_, of, obj in list(self.history):
                if version > since and of == kind and selected(obj, fields):
                    await send(response, {"type": type_, "object": obj})
            since = max(since, self.history[-1][0] if self.history else 0)
            await news.wait()

    def poke(self) -> None:
        """Wake the streams, to let them see `garbage` or `compacted`."""
        self._news.set()
        self._news = asyncio.Event()

    def _record(self, type_: str, kind: Kind, obj: Object) -> None:
        self.history.append((self.api.version, type_, kind, obj))
        self.poke()


def discovery(path: str) -> Object | None:
    match path.strip("/").split("/"):
        case ["version"]:
            return {"gitVersion": "v1.36.0"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            groups = [name.split("/") for name in SERVED if "/" in name]
            preferred = [{"name": group, "version": version} for group, version in groups]
            return {
                "groups": [
                    {
                        "name": entry["name"],
                        "versions": [{"version": entry["version"]}],
                        "preferredVersion": {"version": entry["version"]},
                    }
                    for entry in preferred
                ]
            }
        case ["api" | "apis", *rest] if "/".join(rest) in SERVED:
            version = "/".join(rest)
            return {
                "kind": "APIResourceList",
                "groupVersion": version,
                "resources": [resource_entry(name) for name in SERVED[version]],
            }
        case ["api" | "apis", _, *rest] if len(rest) < 2 and path.count("/") < 4 and rest[-1:] not in _resources():
            return {"kind": "APIResourceList", "resources": []}
        case _:
            return None


def _resources() -> list[list[str]]:
    return [[name] for names in SERVED.values() for name in names]


def resource_entry(name: str) -> Object:
    kind = KINDS.get(name, "CustomResourceDefinition")
    scoped = name not in CLUSTER_SCOPED
    return {"name": name, "singularName": kind.lower(), "kind": kind, "namespaced": scoped, "verbs": VERBS}


def selected(obj: Object, fields: str) -> bool:
    """Field selectors of the form a.b=c."""
    for term in filter(None, fields.split(",")):
        path, _, wanted = term.partition("=")
        value: Any = obj
        for part in path.split("."):
            value = (value or {}).get(part)
        if (value or "") != wanted:
            return False
    return True


async def send(response: web.StreamResponse, event: Object) -> None:
    await response.write(orjson.dumps(event) + b"\n")


def reply(value: Object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


@asynccontextmanager
async def running() -> AsyncIterator[FakeServer]:
    server = FakeServer()
    await server.start()
    server.api.create(Kind("v1", "namespaces"), "", {"metadata": {"name": "d"}})
    try:
        yield server
    finally:
        await server.stop()
