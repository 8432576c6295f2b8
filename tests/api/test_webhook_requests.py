"""Admission webhooks: subresources, connections, other versions, and what others write in the meantime."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import CONFIGMAPS, CORE, Api, Client, Object, configmap
from tests.api.test_custom_resources import define
from tests.api.webhook_server import REGISTRATION, WebhookServer, allow, deny, label, patch, register, serving

VALIDATING = f"{REGISTRATION}/validatingwebhookconfigurations"


@pytest.fixture
async def hooks(api: Api) -> AsyncIterator[WebhookServer]:
    async with serving(api) as server:
        yield server


@pytest.fixture
async def pods(admin: Client) -> str:
    await admin.create(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    await admin.create(
        f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    )
    return f"{CORE}/pods"


async def test_attaching_is_refused(admin: Client, hooks: WebhookServer, pods: str) -> None:
    await register(admin, "validating", hooks.hook("/v", deny, operations="CONNECT", on="pods/attach"))
    code, body = await admin.call("POST", f"{pods}/p/attach", container="c", stdout="true")
    assert (code, body["message"]) == (400, 'admission webhook "v.hooks.example" denied the request: no')
    (asked,) = hooks.of("/v")
    assert (asked["operation"], asked["subResource"], asked["name"], asked["options"]) == (
        "CONNECT",
        "attach",
        "p",
        None,
    )
    assert asked["object"] == {"kind": "PodAttachOptions", "apiVersion": "v1", "stdout": True, "container": "c"}
    assert asked["kind"] == {"group": "", "version": "v1", "kind": "PodAttachOptions"}
    code, body = await admin.call("POST", f"{pods}/p/exec", container="c", command="ls")
    assert code != 400 or "denied" not in body["message"], "exec is not attach"


async def test_scaling(admin: Client, hooks: WebhookServer) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await admin.create(path, body)
    most = patch({"op": "replace", "path": "/spec/replicas", "value": 3})
    await register(admin, "mutating", hooks.hook("/m", most, operations="UPDATE", on="deployments/scale.apps"))
    await register(admin, "validating", hooks.hook("/v", deny, operations="UPDATE", on="deployments.apps"))
    code, scale = await admin.patch(f"{path}/d/scale", {"spec": {"replicas": 7}})
    assert (code, scale["spec"]) == (200, {"replicas": 3})
    assert hooks.of("/m")[0]["object"]["kind"] == "Scale" and hooks.of("/m")[0]["object"]["spec"] == {"replicas": 7}
    assert hooks.of("/m")[0]["oldObject"]["spec"] == {"replicas": 1}
    assert hooks.of("/v") == [], "a Scale is not a Deployment"


@pytest.mark.parametrize(
    ("on", "part", "body"),
    [
        ("pods/eviction", "eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}),
        (
            "pods/binding",
            "binding",
            {"apiVersion": "v1", "kind": "Binding", "target": {"name": "n"}, "metadata": {"name": "p"}},
        ),
    ],
)
async def test_parts_that_are_created(
    admin: Client, hooks: WebhookServer, pods: str, on: str, part: str, body: Object
) -> None:
    await register(
        admin, "validating", hooks.hook("/v", deny, on=on), hooks.hook("/all", allow, operations="*", on="pods")
    )
    code, refused = await admin.call("POST", f"{pods}/p/{part}", body)
    assert (code, "denied the request: no" in refused["message"]) == (400, True)
    await admin.call("DELETE", f"{VALIDATING}/h")
    await register(admin, "validating", hooks.hook("/all", allow, operations="*", on="pods"))
    code, _ = await admin.call("POST", f"{pods}/p/{part}", body)
    assert (code, hooks.of("/all")) == (201, []), "the Pod itself is not asked about"
    assert hooks.of("/v")[0]["kind"]["kind"] == body["kind"]


@pytest.mark.parametrize("on", ["pods/status", "pods/*", "*/*", "*/status"])
async def test_subresources(admin: Client, hooks: WebhookServer, pods: str, on: str) -> None:
    await register(admin, "validating", hooks.hook("/v", deny, operations="UPDATE", on=on))
    code, _ = await admin.patch(f"{pods}/p/status", {"status": {"message": "x"}})
    assert (code, hooks.of("/v")[0]["subResource"]) == (400, "status")


async def test_updates_under_competition(admin: Client, hooks: WebhookServer) -> None:
    """What others write while a webhook thinks is neither lost nor undone."""

    async def think(request: Object) -> Object:
        await asyncio.sleep(0.05)
        return {"allowed": True}

    await admin.create(CONFIGMAPS, configmap("a"))
    await register(admin, "validating", hooks.hook("/v", think, operations="UPDATE"))
    patches = [admin.patch(f"{CONFIGMAPS}/a", {"data": {f"k{index}": "v"}}) for index in range(8)]
    assert {code for code, _ in await asyncio.gather(*patches)} == {200}
    assert len((await admin.get(f"{CONFIGMAPS}/a"))[1]["data"]) == 8
    _, before = await admin.get(f"{CONFIGMAPS}/a")
    puts = [admin.call("PUT", f"{CONFIGMAPS}/a", before | {"data": {"n": str(index)}}) for index in range(4)]
    assert sorted(code for code, _ in await asyncio.gather(*puts)) == [200, 409, 409, 409]


async def test_creates_and_deletes_under_competition(admin: Client, hooks: WebhookServer) -> None:
    async def think(request: Object) -> Object:
        await asyncio.sleep(0.05)
        return {"allowed": True}

    await register(admin, "validating", hooks.hook("/v", think, operations="CREATE DELETE"))
    creates = await asyncio.gather(*(admin.call("POST", CONFIGMAPS, configmap("a")) for _ in range(5)))
    assert sorted(code for code, _ in creates) == [201, 409, 409, 409, 409]
    deletes = await asyncio.gather(*(admin.call("DELETE", f"{CONFIGMAPS}/a") for _ in range(5)))
    assert sorted(code for code, _ in deletes) == [200, 404, 404, 404, 404]


async def test_addresses_under_competition(admin: Client, hooks: WebhookServer) -> None:
    async def think(request: Object) -> Object:
        await asyncio.sleep(0.05)
        return {"allowed": True}

    await register(admin, "validating", hooks.hook("/v", think, on="services"))
    body = {"spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    made = await asyncio.gather(
        *(admin.create(f"{CORE}/services", body | {"metadata": {"name": f"s{i}"}}) for i in range(6))
    )
    assert len({one["spec"]["clusterIP"] for one in made}) == 6
    assert len({one["spec"]["ports"][0]["nodePort"] for one in made}) == 6


async def test_a_namespace_that_goes_while_a_webhook_thinks(admin: Client, hooks: WebhookServer) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def think(request: Object) -> Object:
        asked.set()
        await go_on.wait()
        return {"allowed": True}

    await admin.create("/api/v1/namespaces", {"metadata": {"name": "brief"}})
    await register(admin, "validating", hooks.hook("/v", think))
    making = asyncio.create_task(admin.call("POST", "/api/v1/namespaces/brief/configmaps", configmap("a")))
    await asked.wait()
    await admin.call("DELETE", "/api/v1/namespaces/brief")
    go_on.set()
    assert (await making)[0] == 403


async def test_a_collection(admin: Client, hooks: WebhookServer) -> None:
    for name in "ab":
        await admin.create(CONFIGMAPS, configmap(name))
    await register(admin, "validating", hooks.hook("/v", operations="DELETE"))
    assert (await admin.call("DELETE", CONFIGMAPS))[0] == 200
    assert sorted(request["oldObject"]["metadata"]["name"] for request in hooks.of("/v")) == ["a", "b"]
    assert [request.get("name") for request in hooks.of("/v")] == [None, None]


async def test_equivalent_versions(admin: Client, hooks: WebhookServer) -> None:
    path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    hook = hooks.hook("/m", label("seen"), on="horizontalpodautoscalers.autoscaling")
    hook["rules"][0]["apiVersions"] = ["v2"]
    exact = hooks.hook("/exact", deny, on="horizontalpodautoscalers.autoscaling", matchPolicy="Exact")
    exact["rules"][0]["apiVersions"] = ["v2"]
    await register(admin, "mutating", hook)
    await register(admin, "validating", exact)
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    body = {
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": target, "targetCPUUtilizationPercentage": 50},
    }
    made = await admin.create(path, body)
    assert (made["apiVersion"], made["metadata"]["labels"]) == ("autoscaling/v1", {"seen": "yes"})
    assert made["spec"]["targetCPUUtilizationPercentage"] == 50
    (asked,) = hooks.of("/m")
    assert (asked["resource"]["version"], asked["requestResource"]["version"]) == ("v2", "v1")
    assert (
        asked["object"]["apiVersion"] == "autoscaling/v2"
        and asked["object"]["spec"]["metrics"][0]["type"] == "Resource"
    )


async def test_versions_of_custom_resources(admin: Client, hooks: WebhookServer) -> None:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v1beta1")]
    names = {"plural": "things", "singular": "thing", "kind": "Thing"}
    spec = {"group": "x.example", "scope": "Namespaced", "names": names, "versions": versions}
    await define(admin, {"metadata": {"name": "things.x.example"}, "spec": spec})
    hook = hooks.hook("/m", label("seen"), on="things.x.example")
    hook["rules"][0]["apiVersions"] = ["v1"]
    await register(admin, "mutating", hook)
    things = "/apis/x.example/v1beta1/namespaces/default/things"
    made = await admin.create(
        things, {"kind": "Thing", "apiVersion": "x.example/v1beta1", "metadata": {"name": "t"}, "spec": {"a": 1}}
    )
    assert (made["apiVersion"], made["spec"], made["metadata"]["labels"]) == (
        "x.example/v1beta1",
        {"a": 1},
        {"seen": "yes"},
    )
    assert hooks.of("/m")[0]["object"]["apiVersion"] == "x.example/v1"


async def test_a_pod_is_shown_complete(admin: Client, hooks: WebhookServer, pods: str) -> None:
    """As upstream's own plug-ins leave it, which come first; and what a webhook adds gets its share."""
    added = patch({"op": "add", "path": "/spec/containers/-", "value": {"name": "sidecar", "image": "i"}})
    await register(admin, "mutating", hooks.hook("/m", added, on="pods"))
    body = {"metadata": {"name": "q"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    made = await admin.create(pods, body)
    (seen,) = hooks.of("/m")
    assert seen["object"]["spec"]["serviceAccountName"] == "default" and seen["object"]["spec"]["priority"] == 0
    (volume,) = [volume["name"] for volume in made["spec"]["volumes"]]
    mounts = [[mount["name"] for mount in container["volumeMounts"]] for container in made["spec"]["containers"]]
    assert mounts == [[volume], [volume]]
