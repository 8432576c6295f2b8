"""Server-side apply and managedFields over HTTP."""

from typing import Any

import pytest

from tests.api.conftest import CONFIGMAPS, CORE, Api, Client

Object = dict[str, Any]
APPS = "/apis/apps/v1/namespaces/default/deployments"
BINDING = {"metadata": {"name": "p"}, "target": {"name": "n"}}
HPA = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"


async def apply(client: Client, path: str, body: Any, manager: str = "one", **query: str) -> tuple[int, Any]:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    return await client.call("PATCH", path, body, headers, fieldManager=manager, **query)


def configmap(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def deployment(**spec: Any) -> Object:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def owners(obj: Object) -> dict[str, Any]:
    """fieldsV1 by "manager/operation/subresource"."""
    return {
        "/".join(filter(None, (one["manager"], one["operation"], one.get("subresource")))): one["fieldsV1"]
        for one in obj["metadata"].get("managedFields", [])
    }


FULL = deployment(
    replicas=0,
    selector={"matchLabels": {"a": "b"}},
    template={
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i:1", "ports": [{"containerPort": 80}]}]},
    },
)


async def test_applying_again_writes_nothing(admin: Client) -> None:
    code, first = await apply(admin, f"{APPS}/d", FULL)
    assert code == 201
    assert await apply(admin, f"{APPS}/d", FULL) == (200, first)
    assert await apply(admin, f"{APPS}/d", FULL, force="true") == (200, first)
    # Another manager of the same fields is a change of its own.
    code, shared = await apply(admin, f"{APPS}/d", FULL, "two")
    assert (code, shared["metadata"]["generation"]) == (200, 1)
    assert shared["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    assert owners(shared)["one/Apply"] == owners(shared)["two/Apply"]


async def test_a_dry_run_stores_nothing(admin: Client) -> None:
    assert (await apply(admin, f"{CONFIGMAPS}/a", configmap(a="1"), dryRun="All"))[0] == 201
    assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404
    await apply(admin, f"{CONFIGMAPS}/a", configmap(a="1"))
    code, shown = await apply(admin, f"{CONFIGMAPS}/a", configmap(b="1"), dryRun="All")
    assert (code, shown["data"]) == (200, {"b": "1"})
    assert (await admin.get(f"{CONFIGMAPS}/a"))[1]["data"] == {"a": "1"}


async def test_a_conflict_stores_nothing(admin: Client) -> None:
    _, before = await apply(admin, f"{CONFIGMAPS}/a", configmap(a="1"))
    code, answer = await apply(admin, f"{CONFIGMAPS}/a", configmap(a="2", b="1"), "two")
    assert (code, answer["reason"]) == (409, "Conflict")
    assert (await admin.get(f"{CONFIGMAPS}/a")) == (200, before)


@pytest.mark.parametrize(
    ("agent", "manager"),
    [("kubectl/v1.36 (linux)", "kubectl"), ("plain", "plain"), ("/x", "unknown"), ("a\u00e9b" * 60, None)],
)
async def test_writes_are_recorded_under_the_program(admin: Client, agent: str, manager: str | None) -> None:
    made, _, obj = await admin.full("POST", CONFIGMAPS, configmap(a="1"), {"User-Agent": agent})
    assert made == 201
    found = obj["metadata"]["managedFields"][0]["manager"]
    assert found == manager if manager else len(found.encode()) <= 128


async def test_a_manager_named_in_the_query_wins(admin: Client) -> None:
    obj = await admin.create(CONFIGMAPS, configmap(a="1"), fieldManager="me")
    assert owners(obj) == {"me/Update": {"f:data": {".": {}, "f:a": {}}}}


async def test_each_subresource_is_a_manager_of_its_own(admin: Client) -> None:
    await apply(admin, f"{APPS}/d", FULL)
    await admin.patch(f"{APPS}/d/status", {"status": {"replicas": 1}}, fieldManager="one")
    await admin.patch(f"{APPS}/d/scale", {"spec": {"replicas": 2}}, fieldManager="hpa")
    _, obj = await admin.get(f"{APPS}/d")
    found = owners(obj)
    assert found["one/Update/status"] == {"f:status": {"f:replicas": {}}}
    assert found["hpa/Update/scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found["one/Apply"]["f:spec"]
    assert obj["metadata"]["generation"] == 2


async def test_a_scale_can_be_applied(admin: Client) -> None:
    await apply(admin, f"{APPS}/d", FULL)
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 4}}
    code, answer = await apply(admin, f"{APPS}/d/scale", scale, "hpa")
    assert (code, answer["details"]["causes"][0]["field"]) == (409, ".spec.replicas")
    code, answer = await apply(admin, f"{APPS}/d/scale", scale, "hpa", force="true")
    assert (code, answer["spec"]) == (200, {"replicas": 4})
    assert "managedFields" not in answer["metadata"]
    assert owners((await admin.get(f"{APPS}/d"))[1])["hpa/Apply/scale"] == {"f:spec": {"f:replicas": {}}}


async def test_a_missing_object_has_no_subresource_to_apply(admin: Client) -> None:
    assert (await apply(admin, f"{APPS}/d/status", deployment()))[0] == 404


async def test_binding_a_pod_owns_nothing(admin: Client) -> None:
    await admin.create(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    before = owners(await admin.create(f"{CORE}/pods", pod, fieldManager="me"))
    assert "f:volumes" not in before["me/Update"]["f:spec"]
    await admin.create(f"{CORE}/pods/p/binding", BINDING, fieldManager="binder")
    assert owners((await admin.get(f"{CORE}/pods/p"))[1]) == before


async def test_versions_of_a_kind_share_their_owners(admin: Client) -> None:
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    first = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 80},
    }
    assert (await apply(admin, f"{HPA.format('v1')}/h", first))[0] == 201
    second = {**first, "apiVersion": "autoscaling/v2", "spec": {"maxReplicas": 4}}
    code, answer = await apply(admin, f"{HPA.format('v2')}/h", second, "two")
    assert (code, answer["details"]["causes"][0]["field"]) == (409, ".spec.maxReplicas")
    second["spec"] = {"minReplicas": 2}
    code, obj = await apply(admin, f"{HPA.format('v2')}/h", second, "two")
    assert (code, [one["apiVersion"] for one in obj["metadata"]["managedFields"]]) == (
        200,
        ["autoscaling/v1", "autoscaling/v2"],
    )


async def test_forgetting_owners_then_applying(admin: Client) -> None:
    await admin.create(CONFIGMAPS, configmap(a="1"), fieldManager="me")
    _, obj = await admin.patch(f"{CONFIGMAPS}/a", {"metadata": {"managedFields": [{}]}})
    assert owners(obj) == {}
    _, obj = await apply(admin, f"{CONFIGMAPS}/a", configmap(a="1"))
    assert set(owners(obj)) == {"one/Apply", "before-first-apply/Update"}


async def test_kubectl_keeps_its_annotation_up_to_date(admin: Client) -> None:
    name = "kubectl.kubernetes.io/last-applied-configuration"
    made = configmap(a="1")
    made["metadata"]["annotations"] = {name: "{}"}
    await admin.create(CONFIGMAPS, made, fieldManager="kubectl-client-side-apply")
    _, obj = await apply(admin, f"{CONFIGMAPS}/a", configmap(b="1"), "kubectl")
    assert '"data":{"b":"1"}' in obj["metadata"]["annotations"][name]
    _, obj = await apply(admin, f"{CONFIGMAPS}/a", configmap(c="1"), "other")
    assert '"data":{"b":"1"}' in obj["metadata"]["annotations"][name]


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", 400, "invalid object type: /, Kind="),
        (b"[]", 400, "cannot unmarshal array"),
        (b"text", 400, "cannot unmarshal string"),
        (b"{", 400, "error decoding YAML"),
        (b"\xff", 400, "error decoding YAML"),
        (b'{"apiVersion":1,"kind":"ConfigMap"}', 400, "invalid object type"),
        (b'{"apiVersion":"v1","kind":["ConfigMap"]}', 400, "invalid object type"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":"x"}', 500, ".metadata: expected map, got &{x}"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":1}}', 500, ".metadata.name: expected string"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","data":{"a":["x"]}}', 500, ".data.a: expected string"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"finalizers":[{}]}}', 500, "element 0"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}', 400, "does not match the name on the URL"),
        (b'{"apiVersion":"v1","kind":"ConfigMap"}', 400, "was undeterminable: name must be provided"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","a":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, ""),
    ],
)
async def test_bodies_that_can_not_be_applied(admin: Client, raw: bytes, code: int, words: str) -> None:
    got, answer = await apply(admin, f"{CONFIGMAPS}/a", raw)
    assert (got, answer["kind"]) == (code, "Status")
    assert words in answer["message"]
    assert "could not be handled" not in answer["message"]
    assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404


@pytest.mark.parametrize(("mode", "code"), [("Strict", 400), ("Warn", 201), ("Ignore", 201)])
async def test_fields_that_stand_twice(admin: Client, mode: str, code: int) -> None:
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}'
    headers = {"Content-Type": "application/apply-patch+yaml"}
    got, answered, content = await admin.full(
        "PATCH", f"{CONFIGMAPS}/a", body, headers, fieldManager="m", fieldValidation=mode
    )
    assert got == code
    assert ("Warning" in answered) is (mode == "Warn")
    if code == 400:
        assert 'key "k" already set in map' in content["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"fieldManager": ""}, "fieldManager"), ({"fieldManager": "x" * 129}, "fieldManager")],
)
async def test_the_manager_of_an_apply(admin: Client, query: dict[str, str], field: str) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    code, answer = await admin.call("PATCH", f"{CONFIGMAPS}/a", configmap(a="1"), headers, **query)
    assert (code, answer["details"]["causes"][0]["field"]) == (422, field)


async def test_owner_references_are_kept_once(admin: Client) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u-1"}
    body = configmap()
    body["metadata"]["ownerReferences"] = [owner, owner, {**owner, "name": "p"}]
    code, answered, obj = await admin.full("POST", CONFIGMAPS, body)
    assert (code, len(obj["metadata"]["ownerReferences"])) == (201, 2)
    assert "duplicate UID(s) observed: u-1" in answered["Warning"]


async def test_who_may_patch_may_not_create_by_applying(api: Api, admin: Client) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]}]
    await admin.create(f"{rbac}/roles", {"metadata": {"name": "r"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}
    await admin.create(f"{rbac}/rolebindings", {"metadata": {"name": "r"}, "roleRef": reference, "subjects": [subject]})
    async with api.client("", Authorization="Bearer viewer-token") as viewer:
        code, answer = await apply(viewer, f"{CONFIGMAPS}/a", configmap(a="1"))
        assert (code, "cannot create resource" in answer["message"]) == (403, True)
        await admin.create(CONFIGMAPS, configmap(b="1"))
        assert (await apply(viewer, f"{CONFIGMAPS}/a", configmap(a="1")))[0] == 200
