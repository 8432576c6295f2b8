"""The routes that answer a plain request: health, Pods, configuration, figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from operators.pod.endpoint import backend, exposition


class Plain:
    def __init__(self, source: backend.Backend) -> None:
        self._source = source

    def add_to(self, app: web.Application) -> None:
        for path in ("/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop"):
            app.router.add_get(path, self.healthz)
        for path in ("/pods", "/pods/"):
            app.router.add_get(path, self.pods)
        for path in ("/runningpods", "/runningpods/"):
            app.router.add_get(path, self.running)
        app.router.add_get("/configz", self.configz)
        for path in ("/stats", "/stats/", "/stats/summary", "/stats/summary/"):
            app.router.add_get(path, self.summary)
        app.router.add_get("/metrics", self.own)
        app.router.add_get("/metrics/resource", self.resource)
        app.router.add_get("/metrics/cadvisor", self.cadvisor)
        app.router.add_get("/metrics/probes", self.probes)

    async def healthz(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async def pods(self, _request: web.Request) -> web.StreamResponse:
        return _pod_list(list(self._source.pods()))

    async def running(self, _request: web.Request) -> web.StreamResponse:
        return _pod_list([found for pod in self._source.pods() if (found := running_pod(pod)) is not None])

    async def configz(self, _request: web.Request) -> web.StreamResponse:
        return _json({"kubeletconfig": dict(self._source.configuration())})

    async def summary(self, request: web.Request) -> web.StreamResponse:
        only = request.query.get("only_cpu_and_memory", "").lower() in ("1", "t", "true")
        return _json(await self._source.summary(only_cpu_and_memory=only))

    async def own(self, _request: web.Request) -> web.StreamResponse:
        return _text(exposition.render(await self._source.own_metrics()))

    async def resource(self, _request: web.Request) -> web.StreamResponse:
        return _text(exposition.render(await self._source.resource_metrics()))

    async def cadvisor(self, _request: web.Request) -> web.StreamResponse:
        return _text(exposition.render(await self._source.cadvisor_metrics()))

    async def probes(self, _request: web.Request) -> web.StreamResponse:
        return _text(self._source.probe_metrics())


def running_pod(pod: Mapping[str, Any]) -> dict[str, Any] | None:
    """A Pod as far as its containers tell of it; None when none of them runs."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    up = {
        entry["name"]: entry
        for kind in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for entry in status.get(kind) or ()
        if "running" in (entry.get("state") or {})
    }
    if not up:
        return None
    every = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    containers = [
        {"name": c["name"], "image": up[c["name"]].get("imageID") or c.get("image", ""), "resources": {}}
        for c in [*every, *(spec.get("ephemeralContainers") or ())]
        if c["name"] in up
    ]
    named = {key: pod["metadata"][key] for key in ("name", "namespace", "uid") if key in pod["metadata"]}
    return {"metadata": named, "spec": {"containers": containers}, "status": {}}


def _pod_list(items: list[Any]) -> web.Response:
    return _json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})


def _json(body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _text(body: str | bytes) -> web.Response:
    data = body.encode() if isinstance(body, str) else body
    return web.Response(body=data, headers={"Content-Type": exposition.CONTENT_TYPE})
