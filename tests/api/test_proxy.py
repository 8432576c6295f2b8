"""pods/NAME/proxy and services/NAME/proxy against real web servers."""

import asyncio
import gzip
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.api.conftest import CORE, Api, Client, Object

PROXY = f"{CORE}/pods/web/proxy"
TEXT = "text/html; charset=utf-8"
# Of a page: nothing in it leads through the proxy.
REST = b'\xff</a><script>"<a href=/y>"</script><img src=rel><!-- <a href="/c"> -->'


def own_address() -> str:
    """One of this machine that a Pod may have: not the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


class Backend:
    """What listens in the Pod: shows what it was asked, and does what some paths say."""

    def __init__(self) -> None:
        self.address = own_address()
        self.port = 0
        self.go_on = asyncio.Event()

    async def start(self, tls: ssl.SSLContext | None = None) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self.answer))
        await runner.setup()
        site = web.SockSite(runner, socket.create_server((self.address, 0)), ssl_context=tls)
        await site.start()
        assert runner.addresses
        self.port = runner.addresses[0][1]
        return runner

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path:
            case "/ws":
                return await self._echo(request)
            case "/stream":
                return await self._slowly(request)
            case "/refuse":
                return web.Response(status=403, text="no upgrade")
            case "/moved":
                return web.Response(status=302, headers={"Location": request.query["to"]})
            case "/page":
                return web.Response(body=b'<a href="/x?a=1&amp;b=2">' + REST, headers={"Content-Type": TEXT})
            case "/packed":
                headers = {"Content-Type": TEXT, "Content-Encoding": "gzip"}
                return web.Response(body=gzip.compress(b"<A HREF='/x'>"), headers=headers)
        headers = [[key.lower(), value] for key, value in request.headers.items()]
        seen = {"method": request.method, "path": request.raw_path, "headers": dict(headers)}
        seen["body"] = (await request.read()).decode()
        return web.Response(
            text=json.dumps(seen),
            content_type="application/json",
            headers={"X-Seen": request.method, "Access-Control-Allow-Origin": "*"},
            status=200,
        )

    async def _echo(self, request: web.BaseRequest) -> web.StreamResponse:
        sockets = web.WebSocketResponse(protocols=("v1",))
        await sockets.prepare(request)
        await sockets.send_str(f"{request.raw_path} {request.headers.get('Sec-WebSocket-Protocol')}")
        async for message in sockets:
            await sockets.send_str(f"{message.data}!")
        return sockets

    async def _slowly(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(await request.content.readany())
        await self.go_on.wait()
        await response.write(b"end")
        return response


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    backend = Backend()
    runner = await backend.start()
    yield backend
    backend.go_on.set()
    await runner.cleanup()


async def make_pod(admin: Client, name: str, address: str, ports: list[Object], **meta: object) -> None:
    await admin.call("POST", f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {"containers": [{"name": "a", "image": "i", "ports": ports}]}
    await admin.create(f"{CORE}/pods", {"metadata": {"name": name} | meta, "spec": spec})
    status: Object = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    code, body = await admin.patch(f"{CORE}/pods/{name}/status", {"status": status})
    assert code == 200, body


@pytest.fixture
async def pod(admin: Client, backend: Backend) -> Backend:
    await make_pod(
        admin, "web", backend.address, [{"name": "main", "containerPort": backend.port}], labels={"app": "web"}
    )
    return backend


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_with_its_body_and_query(admin: Client, pod: Backend, method: str) -> None:
    code, headers, seen = await admin.full(method, f"{PROXY}/a/b%20c/?x=1&x=%26", b"body")
    assert (code, seen["method"], seen["path"], seen["body"]) == (200, method, "/a/b%20c/?x=1&x=%26", "body")
    assert headers["X-Seen"] == method
    assert "Access-Control-Allow-Origin" not in headers


async def test_head(admin: Client, pod: Backend) -> None:
    code, headers, _ = await admin.full("HEAD", f"{PROXY}/a")
    assert (code, headers["X-Seen"]) == (200, "HEAD")


async def test_credentials_end_here(api: Api, pod: Backend) -> None:
    sent = {
        "Authorization": "Bearer root-token",
        "Impersonate-User": "jane",
        "Impersonate-Group": "system:masters",
        "X-Remote-User": "jane",
        "X-Forwarded-For": "192.0.2.7",
        "X-Hop": "1",
        "Connection": "keep-alive, X-Hop",
        "Cookie": "a=b",
        "X-Forwarded-Uri": "/claimed",
    }
    async with api.client("") as root:
        code, seen = await root.call("GET", f"{PROXY}/a/", headers=sent)
    assert code == 200
    headers = seen["headers"]
    gone = {"authorization", "impersonate-user", "impersonate-group", "x-remote-user", "x-hop"}
    assert not gone & set(headers)
    assert headers["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert headers["x-forwarded-uri"] == f"{PROXY}/a/"
    assert headers["cookie"] == "a=b"
    assert headers["host"] == root.url.removeprefix("https://")


async def test_rights(api: Api, admin: Client, pod: Backend) -> None:
    viewer = {"Authorization": "Bearer viewer-token"}
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods/proxy"], "resourceNames": ["web:main"]}
    kind = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    await admin.create(f"{kind}/roles", {"metadata": {"name": "t"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "t"}
    subjects = [{"kind": "User", "name": "viewer"}]
    await admin.create(f"{kind}/rolebindings", {"metadata": {"name": "t"}, "roleRef": reference, "subjects": subjects})
    async with api.client("") as client:
        assert (await client.call("GET", f"{CORE}/pods/web:main/proxy/", headers=viewer))[0] == 200
        assert (await client.call("POST", f"{CORE}/pods/web:main/proxy/", headers=viewer))[0] == 403
        assert (await client.call("OPTIONS", f"{CORE}/pods/web:main/proxy/", headers=viewer))[0] == 403
        assert (await client.call("GET", f"{PROXY}/", headers=viewer))[0] == 403


async def test_redirect_to_the_folder(admin: Client, pod: Backend) -> None:
    async with admin.session.get(f"{admin.url}{PROXY}?a=b", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (301, f"{PROXY}/?a=b")
    assert (await admin.call("POST", PROXY))[1]["path"] == "/"


@pytest.mark.parametrize(
    ("to", "seen"),
    [
        ("/x/?a=b", f"{PROXY}/x/?a=b"),
        ("http://BACKEND/x", f"{PROXY}/x"),
        ("https://SERVER/x", f"https://SERVER{PROXY}/x"),
        (f"{PROXY}/x", f"{PROXY}/x"),
        ("relative", "relative"),
        ("http://example.com/x", "http://example.com/x"),
    ],
)
async def test_locations(admin: Client, pod: Backend, to: str, seen: str) -> None:
    def real(text: str) -> str:
        server = admin.url.removeprefix("https://")
        return text.replace("BACKEND", f"{pod.address}:{pod.port}").replace("SERVER", server)

    async with admin.session.get(f"{admin.url}{PROXY}/moved", params={"to": real(to)}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, real(seen))


async def test_pages(admin: Client, pod: Backend) -> None:
    page = await admin.get(f"{PROXY}/page")
    assert page[1] == f'<a href="{PROXY}/x?a=1&amp;b=2">'.encode() + REST
    assert (await admin.get(f"{PROXY}/packed"))[1] == f'<A HREF="{PROXY}/x">'.encode()


async def test_bodies_are_streamed_both_ways(admin: Client, pod: Backend) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"begin"
        await pod.go_on.wait()

    async with asyncio.timeout(10), admin.session.post(f"{admin.url}{PROXY}/stream", data=body()) as answer:
        assert await answer.content.readexactly(5) == b"begin"
        pod.go_on.set()
        assert await answer.read() == b"end"


async def test_upgrades(admin: Client, pod: Backend) -> None:
    token = "base64url.bearer.authorization.k8s.io.abc"
    async with admin.session.ws_connect(f"{admin.url}{PROXY}/ws?a=b", protocols=(token, "v1")) as connection:
        assert await connection.receive_str() == "/ws?a=b v1"
        await connection.send_str("hello")
        assert await connection.receive_str() == "hello!"
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await admin.session.ws_connect(f"{admin.url}{PROXY}/refuse")


async def test_https_without_verification(admin: Client, tmp_path: Path, api: Api) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(api.settings.pki / "kubelet.crt", api.settings.pki / "kubelet.key")
    backend = Backend()
    runner = await backend.start(tls)
    try:
        await make_pod(admin, "web", backend.address, [])
        path = f"{CORE}/pods/https:web:{backend.port}/proxy"
        assert (await admin.get(f"{path}/a"))[1]["path"] == "/a"
        async with admin.session.ws_connect(f"{admin.url}{path}/ws") as connection:
            assert await connection.receive_str() == "/ws None"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("none", 404, 'pods "none" not found'),
        ("ftp:web:80", 400, 'invalid pod request "ftp:web:80"'),
        ("a:b:c:d", 400, 'invalid pod request "a:b:c:d"'),
        ("web:1", 503, "error trying to reach service: dial tcp ADDRESS:1: connect: connection refused"),
        ("web:what", 503, "error trying to reach service: dial tcp: lookup tcp/what: unknown port"),
        ("web:70000", 503, "error trying to reach service: dial tcp: address 70000: invalid port"),
    ],
)
async def test_pods_that_cant_be_reached(admin: Client, pod: Backend, name: str, code: int, message: str) -> None:
    found, body = await admin.get(f"{CORE}/pods/{name}/proxy/")
    assert (found, body["code"], body["message"]) == (code, code, message.replace("ADDRESS", pod.address))


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "127.9.9.9", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1", "224.0.0.1"]
)
async def test_addresses_that_nobody_is_led_to(admin: Client, backend: Backend, address: str) -> None:
    await make_pod(admin, "web", address, [{"name": "main", "containerPort": backend.port}])
    code, body = await admin.get(f"{PROXY}/")
    assert (code, body["reason"], body["message"]) == (400, "BadRequest", "address not allowed")


async def make_service(admin: Client, backend: Backend, slices: list[Object], **spec: object) -> None:
    ports = [{"name": "http", "port": 80}, {"name": "other", "port": 81}]
    await admin.create(f"{CORE}/services", {"metadata": {"name": "s"}, "spec": {"ports": ports} | spec})
    for number, endpoint in enumerate(slices):
        piece = {
            "metadata": {"name": f"s{number}", "labels": {"kubernetes.io/service-name": "s"}},
            "addressType": "IPv4",
            "endpoints": [endpoint],
            "ports": [{"name": "http", "port": backend.port}],
        }
        await admin.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", piece)


@pytest.mark.parametrize("name", ["s:80", "s:http", "http:s:http", "http:s:80"])
@pytest.mark.parametrize("target", [{}, {"targetRef": {"kind": "Pod", "namespace": "default", "name": "web"}}])
async def test_services(admin: Client, pod: Backend, name: str, target: Object) -> None:
    await make_service(admin, pod, [{"addresses": [pod.address]} | target])
    assert (await admin.get(f"{CORE}/services/{name}/proxy/a"))[1]["path"] == "/a"


async def test_service_whose_endpoints_nobody_wrote(admin: Client, pod: Backend) -> None:
    ports = [{"port": 80, "targetPort": "main"}]
    await make_service(admin, pod, [], selector={"app": "web"}, ports=ports)
    assert (await admin.get(f"{CORE}/services/s/proxy/a"))[1]["path"] == "/a"


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("s", 503, 'no endpoints available for service "s"'),
        ("s:81", 503, 'no endpoints available for service "s:81"'),
        ("s:90", 503, 'no service port 90 found for service "s"'),
        ("ftp:s:", 400, 'invalid service request "ftp:s:"'),
        ("none", 404, 'endpoints "none" not found'),
        ("none:80", 404, 'services "none" not found'),
    ],
)
async def test_services_that_lead_nowhere(admin: Client, pod: Backend, name: str, code: int, message: str) -> None:
    await make_service(admin, pod, [{"addresses": [pod.address]}])
    found, body = await admin.get(f"{CORE}/services/{name}/proxy/")
    assert (found, body["message"]) == (code, message)


async def test_endpoints_that_are_no_pods(admin: Client, backend: Backend) -> None:
    """Who may write EndpointSlices or Services reaches nothing but Pods."""
    await make_pod(admin, "web", "192.0.2.1", [])
    target = {"kind": "Pod", "namespace": "default", "name": "web"}
    await make_service(
        admin, backend, [{"addresses": [backend.address]}, {"addresses": [backend.address], "targetRef": target}]
    )
    code, body = await admin.get(f"{CORE}/services/s:80/proxy/")
    assert (code, body["message"]) == (503, 'no endpoints available for service "s:80"')
    external = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": backend.port}]}
    await admin.create(f"{CORE}/services", {"metadata": {"name": "e"}, "spec": external})
    code, body = await admin.get(f"{CORE}/services/e/proxy/")
    assert (code, body["message"]) == (503, 'no endpoints available for service "e"')
