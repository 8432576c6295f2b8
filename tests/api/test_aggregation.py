"""API aggregation against a real extension server: requests, watches, upgrades, conditions, discovery, OpenAPI."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, web

from tests.api import extension_server as ext
from tests.api.conftest import CORE, Api, Client, Object
from tests.api.extension_server import APISERVICES, GROUP, NAME, PATH, THINGS, Extension

VIEWER = {"Authorization": "Bearer viewer-token"}


@pytest.fixture
async def server(api: Api, admin: Client, tmp_path: Path) -> AsyncIterator[Extension]:
    async with ext.serving(api, admin, tmp_path) as server:
        yield server


async def test_a_request_goes_on_with_the_users_name(admin: Client, server: Extension) -> None:
    code, headers, body = await admin.full("POST", THINGS, {"kind": "Thing"}, dryRun="All")
    assert (code, body, headers["Warning"]) == (201, {"kind": "Thing"}, '299 - "new"')
    method, path, sent = server.requests[0]
    assert (method, path) == ("POST", f"{THINGS}?dryRun=All")
    assert sent["x-remote-user"] == ["kubernetes-admin"]
    assert sent["x-remote-group"] == ["system:masters", "system:authenticated"]
    assert sent["host"] == ["ext.default.svc"]
    assert server.peers == {"front-proxy-client"}


async def test_nobody_names_himself(api: Api, server: Extension, admin: Client) -> None:
    rule = {"verbs": ["list"], "apiGroups": [GROUP], "resources": ["things"]}
    await admin.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {"metadata": {"name": "t"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "t"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "t"},
        "subjects": [{"kind": "User", "name": "viewer"}],
    }
    await admin.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    claims = {
        "X-Remote-User": "kubernetes-admin",
        "x-remote-group": "system:masters",
        "X-Remote-Extra-Scope": "all",
        "X_Remote_Group": "system:masters",
        "X-Remote-Uid": "0",
        "Connection": "keep-alive, X-Remote-User",
    }
    async with api.client("") as viewer:
        assert (await viewer.call("GET", THINGS, headers=VIEWER | claims))[0] == 200
        code, refused = await viewer.call("POST", THINGS, {}, headers=VIEWER | claims)
    sent = server.requests[0][2]
    assert sent["x-remote-user"] == ["viewer"]
    assert sent["x-remote-group"] == ["team", "system:authenticated"]
    assert sent["x-remote-uid"] == ["2"]
    assert not {"x-remote-extra-scope", "x_remote_group", "authorization"} & set(sent)
    # What may not be done is refused here; the server never hears of it.
    assert (code, refused["message"].partition(":")[0], len(server.requests)) == (
        403,
        f"things.{GROUP} is forbidden",
        1,
    )


async def test_impersonation_ends_here(admin: Client, server: Extension) -> None:
    wanted = {"Impersonate-User": "jane", "Impersonate-Group": "system:masters", "Impersonate-Extra-a%2fb": "c d"}
    assert (await admin.call("GET", THINGS, headers=wanted))[0] == 200
    sent = server.requests[0][2]
    assert sent["x-remote-user"] == ["jane"]
    assert sent["x-remote-extra-a%2fb"] == ["c d"]
    assert not [name for name in sent if name.startswith("impersonate")]


async def test_answers_are_passed_on_as_they_are(admin: Client, server: Extension) -> None:
    async def empty(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=304 if "If-None-Match" in request.headers else 204, headers={"ETag": '"a"'})

    async def packed(request: web.BaseRequest) -> web.StreamResponse:
        assert await request.read() == b"x" * 900_000
        answer = web.Response(body=b"[" + b"1," * 500_000 + b"1]", headers={"Content-Type": "application/json"})
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async def moved(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})

    server.more = {f"{THINGS}/empty": empty, f"{THINGS}/packed": packed, f"{THINGS}/moved": moved}
    code, headers, body = await admin.full("HEAD", THINGS)
    assert (code, body, int(headers["Content-Length"]) > 0) == (200, b"", True)
    assert await admin.get(f"{THINGS}/empty") == (204, b"")
    assert (await admin.call("GET", f"{THINGS}/empty", headers={"If-None-Match": '"a"'}))[0] == 304
    assert (await admin.call("PUT", f"{THINGS}/packed", b"x" * 900_000))[1] == [1] * 500_001
    async with admin.session.get(f"{admin.url}{THINGS}/moved", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "https://elsewhere.example/")
    # The connection is as good as before.
    assert (await admin.get(THINGS))[0] == 200


async def test_half_an_answer_is_not_a_whole_one(admin: Client, server: Extension) -> None:
    async def breaks(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport
        request.transport.abort()
        return answer

    server.more[f"{THINGS}/half"] = breaks
    async with admin.session.get(f"{admin.url}{THINGS}/half") as answer:
        with pytest.raises(ClientPayloadError):
            await answer.read()


async def test_watches_are_passed_on_as_they_come(admin: Client, server: Extension) -> None:
    async with admin.watch(THINGS) as watch:
        assert await watch.some(1) == [("ADDED", "one")]
        server.go_on.set()
        assert await watch.some(1) == [("ADDED", "two")]
    await asyncio.wait_for(server.left.wait(), 5)


async def test_a_watch_ends_with_the_api_service(admin: Client, server: Extension) -> None:
    async with admin.session.get(f"{admin.url}{THINGS}?watch=1") as answer:
        await answer.content.readline()
        assert (await admin.call("DELETE", f"{APISERVICES}/{NAME}"))[0] == 200
        await asyncio.wait_for(server.left.wait(), 5)
    assert (await admin.get(THINGS))[0] == 404
    assert GROUP not in str(await admin.get("/apis"))


async def test_a_websocket_goes_through(admin: Client, server: Extension) -> None:
    server.more[f"{THINGS}/a/exec"] = ext.echo
    url = f"{admin.url}{THINGS}/a/exec?command=x&command=y"
    async with admin.session.ws_connect(url, protocols=("v5.channel.k8s.io",)) as socket:
        assert socket.protocol == "v5.channel.k8s.io"
        await socket.send_bytes(b"\0" * 300_000)
        assert await asyncio.wait_for(socket.receive_bytes(), 5) == b"\0" * 300_000
    method, path, sent = server.requests[0]
    assert (method, path) == ("GET", f"{THINGS}/a/exec?command=x&command=y")
    assert sent["x-remote-user"] == ["kubernetes-admin"]


async def test_a_refused_upgrade(api: Api, admin: Client, server: Extension) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1"}
    code, _, body = await admin.full("POST", f"{THINGS}/none/exec", headers=headers)
    assert (code, body) == (404, {"kind": "Status", "code": 404})
    sent = server.requests[0][2]
    assert (sent["upgrade"], sent["x-remote-user"]) == (["SPDY/3.1"], ["kubernetes-admin"])


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        (
            {"service": {"namespace": "default", "name": "no"}},
            "ServiceNotFound",
            'service/no in "default" is not present',
        ),
        (
            {"service": {"namespace": "default", "name": "ext", "port": 444}},
            "ServicePortError",
            'service/ext in "default" is not listening on port 444',
        ),
        (
            {"service": {"namespace": "default", "name": "bare"}},
            "EndpointsNotFound",
            'cannot find endpointslices for service/bare in "default"',
        ),
        (
            {"caBundle": None},
            "FailedDiscoveryCheck",
            "failing or missing response from https://127.0.0.1:PORT/apis/ext.example.com/v1: Get "
            '"https://127.0.0.1:PORT/apis/ext.example.com/v1": tls: failed to verify certificate: x509: certificate '
            "signed by unknown authority",
        ),
        ({"caBundle": None, "insecureSkipTLSVerify": True}, "Passed", "all checks passed"),
    ],
)
async def test_conditions(admin: Client, api: Api, server: Extension, spec: Object, reason: str, message: str) -> None:
    ports = {"ports": [{"port": 443}]}
    await admin.create(f"{CORE}/services", {"metadata": {"name": "bare"}, "spec": ports})
    code, _ = await admin.patch(f"{APISERVICES}/{NAME}", {"spec": spec})
    assert code == 200
    found = await ext.condition(admin, reason)
    assert found["message"] == message.replace("PORT", str(server.port))
    assert found["status"] == ("True" if reason == "Passed" else "False")
    code, headers, text = await admin.full("GET", f"{THINGS}/x")
    if reason != "Passed":
        assert (code, text) == (503, b"service unavailable\n")
        assert headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_a_server_that_fails_is_found_out_and_comes_back(api: Api, admin: Client, server: Extension) -> None:
    ready = (await ext.condition(admin, "Passed"))["lastTransitionTime"]
    await server.stop()
    code, text = await admin.get(THINGS)
    assert code == 503
    assert b"error trying to reach service: dial tcp 127.0.0.1" in text
    assert (await ext.condition(admin, "FailedDiscoveryCheck"))["status"] == "False"
    server.status = 403
    await server.start(api.settings.pki / "front-proxy-ca.crt")
    await ext.put_slice(api, server.port)
    await ext.condition(admin, "FailedDiscoveryCheck", "bad status")
    server.status = 200
    assert (await ext.condition(admin, "Passed"))["lastTransitionTime"] >= ready
    assert (await admin.get(THINGS))[0] == 200


async def test_nobody_is_asked_without_need(api: Api, admin: Client, server: Extension) -> None:
    # Its APIService's own status does not count as a change, nor do other Services.
    await admin.create(f"{CORE}/services", {"metadata": {"name": "other"}, "spec": {"ports": [{"port": 1}]}})
    revision = api.app.log.revision
    await asyncio.sleep(0.2)
    assert (server.probes, server.questions, api.app.log.revision) == (1, [], revision)


async def test_legacy_discovery(admin: Client, server: Extension) -> None:
    group = {"groupVersion": f"{GROUP}/v1", "version": "v1"}
    wanted = {"name": GROUP, "versions": [group], "preferredVersion": group}
    code, found = await admin.get("/apis")
    names = [one["name"] for one in found["groups"]]
    assert (code, names[0], names[-1]) == (200, "apiregistration.k8s.io", GROUP)
    assert found["groups"][-1] == wanted
    assert (await admin.get(f"/apis/{GROUP}"))[1] == {"kind": "APIGroup", "apiVersion": "v1", **wanted}
    code, _ = await admin.get(PATH)
    # The version's own document is the server's.
    assert (code, server.requests[-1][1]) == (404, PATH)


async def aggregated(admin: Client) -> Object:
    async with admin.session.get(f"{admin.url}/apis", headers={"Accept": ext.AGGREGATED}) as answer:
        assert answer.status == 200
        body: Object = json.loads(await answer.read())
    return {item["metadata"]["name"]: item["versions"] for item in body["items"]}


async def test_aggregated_discovery(admin: Client, server: Extension) -> None:
    before = await aggregated(admin)
    assert before[GROUP] == ext.discovery()["items"][1]["versions"]
    assert before["apps"][0]["resources"]
    # What was learnt is kept, and shown as stale once the server is gone.
    await aggregated(admin)
    assert server.questions.count("/apis") == 1
    await server.stop()
    await admin.get(THINGS)
    await ext.condition(admin, "FailedDiscoveryCheck")
    assert (await aggregated(admin))[GROUP] == [before[GROUP][0] | {"freshness": "Stale"}]


async def test_discovery_of_a_server_that_knows_the_old_form_only(admin: Client, server: Extension) -> None:
    server.modern = False
    found = (await aggregated(admin))[GROUP][0]
    assert found["freshness"] == "Current"
    assert found["resources"] == [
        {
            "resource": "things",
            "responseKind": {"group": GROUP, "version": "v1", "kind": "Thing"},
            "scope": "Namespaced",
            "singularResource": "thing",
            "verbs": ["create", "get", "list", "watch"],
            "shortNames": ["th"],
        }
    ]


async def test_openapi(admin: Client, server: Extension) -> None:
    async def own(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"openapi": "3.0.0"})

    code, found = await admin.get("/openapi/v2")
    assert code == 200
    assert f"{PATH}/things" in found["paths"]
    assert "/apis/apps/v1/evil" not in found["paths"]
    definitions: Any = found["definitions"]
    assert definitions["com.example.Thing"]["properties"]["metadata"] == {
        "$ref": "#/definitions/io.k8s.api.core.v1.Pod_v2"
    }
    assert definitions["io.k8s.api.core.v1.Pod"]["type"] == "object"
    assert "com.example.Unused" not in definitions
    protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    code, body = await admin.call("GET", "/openapi/v2", headers={"Accept": protobuf})
    assert code == 200
    assert b"com.example.Thing" in body
    _, _, index = await admin.full("GET", "/openapi/v3")
    url = json.loads(index)["paths"][f"apis/{GROUP}/v1"]["serverRelativeURL"]
    assert url == f"/openapi/v3/apis/{GROUP}/v1?hash=AB"
    server.more[f"/openapi/v3/apis/{GROUP}/v1"] = own
    assert await admin.get(f"/openapi/v3/apis/{GROUP}/v1") == (200, {"openapi": "3.0.0"})


async def test_a_restart_goes_on_where_it_was(api: Api, server: Extension) -> None:
    await api.stop()
    await api.start()
    async with api.client() as admin:
        assert (await admin.get(THINGS))[0] == 200


async def test_a_start_takes_built_in_groups_back(api: Api, admin: Client, server: Extension) -> None:
    path = f"{APISERVICES}/v1.storage.k8s.io"
    _, before = await admin.get(path)
    service = {"service": {"namespace": "default", "name": "ext"}, "groupPriorityMinimum": 1}
    assert (await admin.patch(path, {"spec": service}))[0] == 200
    assert (await admin.get("/apis/storage.k8s.io/v1/storageclasses"))[0] == 503
    await api.stop()
    await api.start()
    async with (
        api.client() as after,
        after.watch(APISERVICES, fieldSelector="metadata.name=v1.storage.k8s.io") as watch,
    ):
        while (event := await watch.next()) and event["object"]["spec"] != before["spec"]:
            pass
        assert (await after.get("/apis/storage.k8s.io/v1/storageclasses"))[0] == 200


async def test_extension_servers_learn_whom_to_believe(api: Api, admin: Client) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    data = (await admin.get(path))[1]["data"]
    assert data["client-ca-file"] == (api.settings.pki / "ca.crt").read_text()
    assert data["requestheader-client-ca-file"] == (api.settings.pki / "front-proxy-ca.crt").read_text()
    assert data["requestheader-client-ca-file"] != data["client-ca-file"]
    assert {name: json.loads(text) for name, text in data.items() if not name.endswith("-ca-file")} == {
        "requestheader-allowed-names": ["front-proxy-client"],
        "requestheader-extra-headers-prefix": ["X-Remote-Extra-"],
        "requestheader-group-headers": ["X-Remote-Group"],
        "requestheader-uid-headers": ["X-Remote-Uid"],
        "requestheader-username-headers": ["X-Remote-User"],
    }


async def test_custom_resources_have_api_services(admin: Client) -> None:
    async def listed() -> dict[str, Object]:
        _, found = await admin.get(APISERVICES, labelSelector="kube-aggregator.kubernetes.io/automanaged=true")
        return {one["metadata"]["name"]: one["spec"] for one in found["items"]}

    async def until(names: set[str]) -> dict[str, Object]:
        async with asyncio.timeout(10), admin.watch(APISERVICES) as watch:
            while (found := await listed()).keys() != names:
                await watch.next()
        return found

    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [{"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")]
    names = {"plural": "gears", "singular": "gear", "kind": "Gear", "listKind": "GearList"}
    spec = {"group": "g.example.com", "scope": "Namespaced", "names": names, "versions": versions}
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await admin.create(crds, {"metadata": {"name": "gears.g.example.com"}, "spec": spec})
    found = await until({"v1.g.example.com", "v2.g.example.com"})
    wanted = {"group": "g.example.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 100}
    assert found["v1.g.example.com"] == wanted
    # They are kept as they must be.
    await admin.call("DELETE", f"{APISERVICES}/v1.g.example.com")
    await until({"v1.g.example.com", "v2.g.example.com"})
    await admin.call("DELETE", f"{crds}/gears.g.example.com")
    await until(set())


async def test_a_local_api_service_is_available_at_once(admin: Client) -> None:
    spec = {"group": GROUP, "version": "v9", "groupPriorityMinimum": 1, "versionPriority": 1}
    made = await admin.create(APISERVICES, {"metadata": {"name": f"v9.{GROUP}"}, "spec": spec})
    assert made["status"]["conditions"][0]["reason"] == "Local"
