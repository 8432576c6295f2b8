"""An extension API server over TLS in the test process: serves Things of ext.example.com, keeps what it was asked."""

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from apiserver_stub.auth import issue, pki
from apiserver_stub.storage.log import Change, Key, encode
from tests.api.conftest import Api, Client, Object

GROUP = "ext.example.com"
PATH = f"/apis/{GROUP}/v1"
THINGS = f"{PATH}/namespaces/default/things"
APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = f"v1.{GROUP}"
RESOURCE = {
    "name": "things",
    "singularName": "thing",
    "namespaced": True,
    "kind": "Thing",
    "verbs": ["list", "create", "watch", "get"],
    "shortNames": ["th"],
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Extension:
    """requests: (method, path with query, headers) of all but the server's own questions."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.requests: list[tuple[str, str, dict[str, list[str]]]] = []
        self.probes = 0
        self.questions: list[str] = []
        self.status = 200
        self.modern = True
        self.peers: set[str] = set()
        self.more: dict[str, Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]] = {}
        self.go_on = asyncio.Event()
        self.left = asyncio.Event()
        self.port = 0
        self._runner: web.ServerRunner | None = None

    @property
    def bundle(self) -> str:
        return base64.b64encode((self.directory / "ext-ca.crt").read_bytes()).decode()

    async def start(self, front_proxy_ca: Path, port: int = 0) -> None:
        self._issue()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.directory / "ext.crt", self.directory / "ext.key")
        tls.load_verify_locations(front_proxy_ca)
        tls.verify_mode = ssl.CERT_REQUIRED
        self._runner = web.ServerRunner(web.Server(self.handle, handler_cancellation=True), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _issue(self) -> None:
        if (self.directory / "ext.crt").exists():
            return
        ca = issue.authority(time.time(), 10)
        leaf = pki.Leaf("ext", "ext", names=("ext.default.svc",), server=True)
        made = issue.Signer(ca.certificate, ca.key).sign(leaf, time.time(), 10)
        (self.directory / "ext-ca.crt").write_bytes(ca.certificate)
        (self.directory / "ext.crt").write_bytes(made.certificate)
        (self.directory / "ext.key").write_bytes(made.key)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers: dict[str, list[str]] = {}
        for key, value in request.headers.items():
            headers.setdefault(key.lower(), []).append(value)
        subject = request.transport.get_extra_info("peercert")["subject"] if request.transport else ()
        self.peers.add(dict(pair for relative in subject for pair in relative)["commonName"])
        user = headers.get("x-remote-user", [""])[0]
        if user.startswith("system:kube-aggregator") or user == "system:aggregator":
            return self._question(request)
        self.requests.append((request.method, request.raw_path, headers))
        if found := self.more.get(request.path):
            return await found(request)
        if request.path != THINGS:
            return web.json_response({"kind": "Status", "code": 404}, status=404)
        if request.method == "GET" and request.query.get("watch"):
            return await self._watch(request)
        if request.method == "POST":
            return web.json_response(json.loads(await request.text()), status=201, headers={"Warning": '299 - "new"'})
        return web.json_response({"kind": "ThingList", "apiVersion": f"{GROUP}/v1", "metadata": {}, "items": []})

    def _question(self, request: web.BaseRequest) -> web.Response:
        if request.path == PATH and not self.modern:
            self.questions.append(request.path)
        elif request.path == PATH:
            self.probes += 1
        else:
            self.questions.append(request.path)
        if request.path == PATH:
            body = {"kind": "APIResourceList", "groupVersion": f"{GROUP}/v1", "resources": [RESOURCE]}
            return web.json_response(body, status=self.status)
        if request.path == "/apis" and self.modern:
            return web.Response(text=json.dumps(discovery()), headers={"Content-Type": AGGREGATED}, status=self.status)
        if request.path == "/openapi/v2":
            return web.json_response(openapi(), status=self.status)
        if request.path == "/openapi/v3":
            url = f"/openapi/v3/apis/{GROUP}/v1?hash=AB"
            return web.json_response({"paths": {f"apis/{GROUP}/v1": {"serverRelativeURL": url}, "version": {}}})
        return web.Response(status=406)

    async def _watch(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        try:
            await answer.write(event("one"))
            await self.go_on.wait()
            await answer.write(event("two"))
            await asyncio.sleep(60)
        finally:
            self.left.set()
        return answer


def event(name: str) -> bytes:
    return json.dumps({"type": "ADDED", "object": {"kind": "Thing", "metadata": {"name": name}}}).encode() + b"\n"


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """A WebSocket that gives back what it gets."""
    socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


def discovery() -> Object:
    kind = {"group": GROUP, "version": "v1", "kind": "Thing"}
    entry = {
        "resource": "things",
        "responseKind": kind,
        "scope": "Namespaced",
        "singularResource": "thing",
        "verbs": ["list"],
        "shortNames": ["th"],
    }
    version = {"version": "v1", "resources": [entry], "freshness": "Current"}
    other = {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [], "freshness": "Current"}]}
    items = [other, {"metadata": {"name": GROUP}, "versions": [version]}]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def openapi() -> Object:
    gvk = [{"group": GROUP, "version": "v1", "kind": "Thing"}]
    reference = {"$ref": "#/definitions/com.example.Thing"}
    answer = {"200": {"description": "OK", "schema": reference}}
    return {
        "swagger": "2.0",
        "info": {"title": "ext", "version": "1"},
        "paths": {
            f"{PATH}/things": {"get": {"responses": answer}},
            "/apis/apps/v1/evil": {"get": {"responses": answer}},
        },
        "definitions": {
            "com.example.Thing": {
                "type": "object",
                "description": "A thing.",
                "properties": {"metadata": {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}},
                "x-kubernetes-group-version-kind": gvk,
            },
            "io.k8s.api.core.v1.Pod": {"type": "string"},
            "com.example.Unused": {"type": "string"},
        },
    }


def api_service(server: Extension, **spec: Any) -> Object:
    service = {"namespace": "default", "name": "ext"}
    full = {"group": GROUP, "version": "v1", "groupPriorityMinimum": 2000, "versionPriority": 15, "service": service}
    return {"metadata": {"name": NAME}, "spec": full | {"caBundle": server.bundle} | spec}


async def expose(api: Api, admin: Client, server: Extension) -> None:
    """A Service without a selector that leads to the server; its address is no Pod's, which the API would refuse."""
    spec = {"ports": [{"name": "https", "port": 443}]}
    await admin.create("/api/v1/namespaces/default/services", {"metadata": {"name": "ext"}, "spec": spec})
    await put_slice(api, server.port)


async def put_slice(api: Api, port: int) -> None:
    labels = {"kubernetes.io/service-name": "ext"}
    slice_ = {
        "metadata": {"name": "ext", "namespace": "default", "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
    }
    key = Key("discovery.k8s.io", "endpointslices", "default", "ext")
    known = api.app.log.head(key)
    await api.app.log.append(Change(key, encode(slice_), known.revision if known else 0, labels))


async def condition(admin: Client, reason: str, message: str = "") -> Object:
    """The condition Available once it has that reason, and those words in its message."""
    async with asyncio.timeout(10), admin.watch(APISERVICES, fieldSelector=f"metadata.name={NAME}") as watch:
        while event := await watch.next():
            conditions: list[Object] = (event["object"].get("status") or {}).get("conditions") or [{}]
            if conditions[0].get("reason") == reason and message in conditions[0]["message"]:
                return conditions[0]
    raise AssertionError("the watch ended")


@asynccontextmanager
async def serving(api: Api, admin: Client, directory: Path) -> AsyncIterator[Extension]:
    """A server that its APIService says to be available."""
    server = Extension(directory)
    await server.start(api.settings.pki / "front-proxy-ca.crt")
    try:
        await expose(api, admin, server)
        await admin.create(APISERVICES, api_service(server))
        await condition(admin, "Passed")
        yield server
    finally:
        await server.stop()
