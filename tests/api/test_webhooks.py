"""Admission webhooks: what they are asked, and what their answers do; against a webhook over TLS in this process."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.api.conftest import CONFIGMAPS, CORE, Api, Client, Object, configmap
from tests.api.webhook_server import (
    REGISTRATION,
    Judge,
    WebhookServer,
    allow,
    deny,
    label,
    patch,
    register,
    serving,
)

ADD_DATA = {"op": "add", "path": "/data", "value": {}}
MUTATING, VALIDATING = (
    f"{REGISTRATION}/mutatingwebhookconfigurations",
    f"{REGISTRATION}/validatingwebhookconfigurations",
)


@pytest.fixture
async def hooks(api: Api) -> AsyncIterator[WebhookServer]:
    async with serving(api) as server:
        yield server


async def test_the_question(admin: Client, hooks: WebhookServer) -> None:
    await register(admin, "validating", hooks.hook("/v", operations="CREATE UPDATE DELETE"))
    await admin.create(CONFIGMAPS, configmap("a", {"k": "1"}), fieldManager="me")
    await admin.patch(f"{CONFIGMAPS}/a", {"data": {"k": "2"}}, fieldValidation="Strict")
    await admin.call("DELETE", f"{CONFIGMAPS}/a", {"gracePeriodSeconds": 3})
    created, updated, deleted = hooks.of("/v")
    assert hooks.queries[0] == {"timeout": "10s"}
    kind, resource = (
        {"group": "", "version": "v1", "kind": "ConfigMap"},
        {"group": "", "version": "v1", "resource": "configmaps"},
    )
    assert created["kind"] == created["requestKind"] == kind
    assert created["resource"] == created["requestResource"] == resource
    assert (created["name"], created["namespace"], created["operation"]) == ("a", "default", "CREATE")
    assert created["userInfo"]["groups"] == ["system:masters", "system:authenticated"]
    assert created["dryRun"] is False and created["oldObject"] is None and "subResource" not in created
    assert created["object"]["data"] == {"k": "1"} and created["object"]["metadata"]["uid"]
    assert created["object"]["kind"] == "ConfigMap" and created["object"]["apiVersion"] == "v1"
    head = {"apiVersion": "meta.k8s.io/v1"}
    assert created["options"] == head | {"kind": "CreateOptions", "fieldManager": "me"}
    assert updated["options"] == head | {"kind": "UpdateOptions", "fieldValidation": "Strict"}
    assert (updated["object"]["data"], updated["oldObject"]["data"]) == ({"k": "2"}, {"k": "1"})
    assert deleted["options"] == head | {"kind": "DeleteOptions", "gracePeriodSeconds": 3}
    assert deleted["object"] is None and deleted["oldObject"]["data"] == {"k": "2"}
    assert len(hooks.connections) == 1, "the connection is kept for the next question"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (None, 400, 'admission webhook "v.hooks.example" denied the request without explanation'),
        ({"message": "no"}, 400, 'admission webhook "v.hooks.example" denied the request: no'),
        ({"reason": "TooBig"}, 400, 'admission webhook "v.hooks.example" denied the request: TooBig'),
        ({"code": 200, "message": "no"}, 400, 'admission webhook "v.hooks.example" denied the request: no'),
        (
            {"code": 418, "message": "no", "reason": "Tea"},
            418,
            'admission webhook "v.hooks.example" denied the request: no',
        ),
    ],
)
async def test_a_refusal(admin: Client, hooks: WebhookServer, status: Object | None, code: int, message: str) -> None:
    answer: Object = {"allowed": False} | ({"status": status} if status else {})
    await register(admin, "validating", hooks.hook("/v", lambda request: answer | {"warnings": ["careful"]}))
    found, headers, body = await admin.full("POST", CONFIGMAPS, configmap("a"))
    assert (found, body["code"], body["message"], body["status"]) == (code, code, message, "Failure")
    assert body.get("reason") == (status or {}).get("reason")
    assert headers["Warning"] == '299 - "careful"'
    assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404


async def test_refused_changes_and_deletions(admin: Client, hooks: WebhookServer) -> None:
    def judge(request: Object) -> Object:
        data = (request["object"] or {}).get("data") or {}
        return {"allowed": request["operation"] != "DELETE" and "bad" not in data}

    await register(admin, "validating", hooks.hook("/v", judge, operations="*"))
    await admin.create(CONFIGMAPS, configmap("a"))
    assert (await admin.call("POST", CONFIGMAPS, configmap("b", {"bad": ""})))[0] == 400
    assert (await admin.call("PUT", f"{CONFIGMAPS}/a", configmap("a", {"bad": ""})))[0] == 400
    assert (await admin.patch(f"{CONFIGMAPS}/a", {"data": {"bad": ""}}))[0] == 400
    assert (await admin.call("DELETE", f"{CONFIGMAPS}/a"))[0] == 400
    assert (await admin.call("DELETE", CONFIGMAPS))[0] == 400
    assert (await admin.get(f"{CONFIGMAPS}/a"))[1].get("data") is None


async def test_other_namespaces_and_objects_are_left_alone(admin: Client, hooks: WebhookServer) -> None:
    for name, labels in (("marked", {"hook": "on"}), ("plain", {})):
        await admin.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    selector = {"namespaceSelector": {"matchLabels": {"hook": "on"}}}
    opted = {"objectSelector": {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]}}
    await register(admin, "validating", hooks.hook("/v", deny, **selector, **opted))
    codes = [
        (await admin.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", configmap("a", labels=labels)))[0]
        for namespace, labels in (("marked", {}), ("plain", {}), ("marked", {"skip": ""}))
    ]
    assert codes == [400, 201, 201]


async def test_defaults_come_after_mutation(admin: Client, hooks: WebhookServer) -> None:
    await admin.create(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    container = {"name": "added", "image": "i"}
    change = patch({"op": "add", "path": "/spec/initContainers", "value": [container]})
    await register(admin, "mutating", hooks.hook("/m", change, on="pods"))
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    made = await admin.create(f"{CORE}/pods", body)
    (added,) = made["spec"]["initContainers"]
    assert (added["terminationMessagePolicy"], added["imagePullPolicy"]) == ("File", "Always")


async def test_mutation_in_order_of_names(admin: Client, hooks: WebhookServer) -> None:
    await register(admin, "mutating", hooks.hook("/b", label("b")), name="b")
    await register(admin, "mutating", hooks.hook("/a", label("a")), hooks.hook("/c", label("c")), name="a")
    made = await admin.create(CONFIGMAPS, configmap("x"))
    assert made["metadata"]["labels"] == {"a": "yes", "b": "yes", "c": "yes"}
    assert [path for path, _ in hooks.asked] == ["/a", "/c", "/b"]
    assert hooks.of("/b")[0]["object"]["metadata"]["labels"] == {"a": "yes", "c": "yes"}


@pytest.mark.parametrize(("policy", "asked"), [("IfNeeded", ["/a", "/b", "/a"]), ("Never", ["/a", "/b"])])
async def test_reinvocation(admin: Client, hooks: WebhookServer, policy: str, asked: list[str]) -> None:
    hook = hooks.hook("/a", label("a"), reinvocationPolicy=policy)
    await register(admin, "mutating", hook, hooks.hook("/b", label("b")))
    made = await admin.create(CONFIGMAPS, configmap("x"))
    assert made["metadata"]["labels"] == {"a": "yes", "b": "yes"}
    assert [path for path, _ in hooks.asked] == asked


async def test_a_webhook_that_changes_nothing_is_not_asked_again(admin: Client, hooks: WebhookServer) -> None:
    await register(admin, "mutating", hooks.hook("/a", allow, reinvocationPolicy="IfNeeded"))
    await admin.create(CONFIGMAPS, configmap("x"))
    assert len(hooks.asked) == 1


async def test_match_conditions(admin: Client, hooks: WebhookServer) -> None:
    conditions = [{"name": "not-me", "expression": "object.metadata.name != 'skip-me'"}]
    await register(admin, "mutating", hooks.hook("/m", label("m"), matchConditions=conditions))
    assert "labels" not in (await admin.create(CONFIGMAPS, configmap("skip-me")))["metadata"]
    assert (await admin.create(CONFIGMAPS, configmap("other")))["metadata"]["labels"] == {"m": "yes"}


@pytest.mark.parametrize(
    ("expression", "policy", "code", "asked"),
    [
        ("object.data.none == ''", "Fail", 403, 0),
        ("object.data.none == ''", "Ignore", 201, 0),
        ("authorizer.requestResource.check('create').allowed()", "Fail", 400, 1),
        ("request.userInfo.username == 'nobody'", "Fail", 201, 0),
        ("request.operation == 'CREATE' && oldObject == null && namespaceObject == null", "Fail", 400, 1),
    ],
)
async def test_conditions_that_fail(
    admin: Client, hooks: WebhookServer, expression: str, policy: str, code: int, asked: int
) -> None:
    conditions = [{"name": "c", "expression": expression}]
    hook = hooks.hook("/v", deny, matchConditions=conditions, failurePolicy=policy)
    await register(admin, "validating", hook)
    found, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert (found, len(hooks.asked)) == (code, asked)
    if code == 403:
        text = f"expression '{expression}' resulted in error: no such key: data"
        assert body["message"] == f'configmaps "a" is forbidden: {text}'


@pytest.mark.parametrize("kind", ["mutating", "validating"])
async def test_conditions_that_do_not_compile(admin: Client, hooks: WebhookServer, kind: str) -> None:
    hook = hooks.hook("/v", matchConditions=[{"name": "c", "expression": "... [] bad expression"}])
    body = {"metadata": {"name": "h"}, "webhooks": [hook]}
    code, refused = await admin.call("POST", f"{REGISTRATION}/{kind}webhookconfigurations", body)
    assert (code, "compilation failed" in refused["message"]) == (422, True)


async def slow(request: Object) -> Object:
    await asyncio.sleep(5)
    return {"allowed": True}


@pytest.mark.parametrize("kind", ["mutating", "validating"])
@pytest.mark.parametrize(("policy", "code"), [("Fail", 500), ("Ignore", 201)])
async def test_timeouts(admin: Client, hooks: WebhookServer, kind: str, policy: str, code: int) -> None:
    await register(admin, kind, hooks.hook("/slow", slow, timeoutSeconds=1, failurePolicy=policy))
    found, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert found == code
    if code == 500:
        why = (
            f'failed to call webhook: Post "https://127.0.0.1:{hooks.port}/slow?timeout=1s": context deadline exceeded'
        )
        assert body["message"] == f'Internal error occurred: failed calling webhook "slow.hooks.example": {why}'
        assert body["reason"] == "InternalError"


async def test_nobody_at_home(admin: Client, hooks: WebhookServer) -> None:
    nowhere = {"url": "https://127.0.0.1:1/x", "caBundle": hooks.bundle}
    await register(admin, "validating", hooks.hook("/v") | {"clientConfig": nowhere})
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    why = 'Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused'
    text = f'failed calling webhook "v.hooks.example": failed to call webhook: {why}'
    assert (code, body["message"]) == (500, f"Internal error occurred: {text}")
    assert body["details"] == {"causes": [{"message": text}]}


async def test_a_certificate_of_nobody_known(admin: Client, hooks: WebhookServer) -> None:
    hook = hooks.hook("/v")
    del hook["clientConfig"]["caBundle"]
    await register(admin, "validating", hook)
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert (code, "tls: failed to verify certificate: x509" in body["message"]) == (500, True)


def plain(text: str, code: int = 200) -> Judge:
    return lambda request: web.Response(text=text, status=code)


@pytest.mark.parametrize(
    ("kind", "judge", "message"),
    [
        ("validating", plain("{}"), "received invalid webhook response: webhook response was absent"),
        ("validating", plain(""), "failed to call webhook: 0-length response"),
        ("validating", plain("hello"), "webhook: couldn't get version/kind; json parse error: invalid character 'h'"),
        ("validating", plain("x", 404), "failed to call webhook: the server could not find the requested resource"),
        ("validating", plain("x", 500), 'webhook: an error on the server ("x") has prevented the request'),
        ("validating", plain('{"response":{"uid":"x"}}'), "received invalid webhook response: expected response.uid="),
        ("validating", patch(ADD_DATA), "validating webhook may not return response.patch"),
        (
            "mutating",
            lambda request: {"allowed": True, "patch": "W10="},
            "webhook returned response.patch but not response.patchType",
        ),
        (
            "mutating",
            lambda request: {"allowed": True, "patchType": "JSONPatch"},
            "webhook returned response.patchType but not response.patch",
        ),
        ("mutating", patch(ADD_DATA, patchType="Merge"), 'unsupported patch type "Merge"'),
    ],
)
async def test_answers_that_are_none(
    admin: Client, hooks: WebhookServer, kind: str, judge: Judge, message: str
) -> None:
    await register(admin, kind, hooks.hook("/v", judge))
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert (code, body["reason"]) == (500, "InternalError")
    assert message in body["message"] and 'failed calling webhook "v.hooks.example": ' in body["message"]


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            {"op": "add", "path": "/a/b", "value": 1},
            'add operation does not apply: doc is missing path: "/a/b": missing value',
        ),
        (
            {"op": "replace", "path": "/a/b", "value": 1},
            "replace operation does not apply: doc is missing path: /a/b: missing value",
        ),
        (
            {"op": "remove", "path": "/x"},
            "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
        ),
        ({"op": "test", "path": "/kind", "value": "Pod"}, "testing value /kind failed: test failed"),
        ({"op": "stir", "path": "/kind"}, "Unexpected kind: stir"),
    ],
)
async def test_patches_that_do_not_apply(admin: Client, hooks: WebhookServer, operation: Object, message: str) -> None:
    await register(admin, "mutating", hooks.hook("/m", patch(operation), failurePolicy="Ignore"))
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert (code, body["message"]) == (500, f"Internal error occurred: {message}")


async def test_a_patch_that_makes_nonsense(admin: Client, hooks: WebhookServer) -> None:
    await register(admin, "mutating", hooks.hook("/m", patch({"op": "add", "path": "/data", "value": [1]})))
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert (code, body["reason"]) == (500, "InternalError")
    await admin.patch(
        f"{MUTATING}/h",
        {"webhooks": [hooks.hook("/m", patch({"op": "replace", "path": "/metadata/namespace", "value": "x"}))]},
    )
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert (code, body["reason"]) == (400, "BadRequest")


async def test_deletions_cannot_be_changed(admin: Client, hooks: WebhookServer) -> None:
    await admin.create(CONFIGMAPS, configmap("a"))
    await register(admin, "mutating", hooks.hook("/m", patch(ADD_DATA), operations="DELETE"))
    code, body = await admin.call("DELETE", f"{CONFIGMAPS}/a")
    text = (
        'admission webhook "m.hooks.example" attempted to modify the object, which is not supported for this operation'
    )
    assert (code, body["message"]) == (500, f"Internal error occurred: {text}")


async def test_dry_runs(admin: Client, hooks: WebhookServer) -> None:
    await register(admin, "validating", hooks.hook("/v", sideEffects="NoneOnDryRun"))
    await admin.create(CONFIGMAPS, configmap("a"), dryRun="All")
    assert [request["dryRun"] for request in hooks.of("/v")] == [True]
    assert hooks.of("/v")[0]["options"]["dryRun"] == ["All"]
    assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404


async def test_configurations_are_never_guarded(admin: Client, hooks: WebhookServer) -> None:
    await register(admin, "validating", hooks.hook("/v", deny, operations="*", on="*/*"))
    assert (await admin.call("POST", CONFIGMAPS, configmap("a")))[0] == 400
    assert (await admin.call("DELETE", f"{VALIDATING}/h"))[0] == 200
    assert (await admin.call("POST", CONFIGMAPS, configmap("a")))[0] == 201, "and what is deleted is gone at once"


@pytest.mark.parametrize("kind", ["mutating", "validating"])
async def test_many_configurations(admin: Client, hooks: WebhookServer, kind: str) -> None:
    judge = label("touched") if kind == "mutating" else deny
    for index in range(10):
        await register(admin, kind, hooks.hook("/h", judge), name=f"h{index}", labels={"test": "x"})
    path = f"{REGISTRATION}/{kind}webhookconfigurations"
    assert len((await admin.get(path, labelSelector="test=x"))[1]["items"]) == 10
    code, made = await admin.call("POST", CONFIGMAPS, configmap("a"))
    assert made["metadata"]["labels"] == {"touched": "yes"} if kind == "mutating" else code == 400
    await admin.call("DELETE", path, labelSelector="test=x")
    assert (await admin.get(path))[1]["items"] == []
    assert "labels" not in (await admin.create(CONFIGMAPS, configmap("b")))["metadata"]


async def test_warnings_of_those_who_allow(admin: Client, hooks: WebhookServer) -> None:
    say: Any = lambda request: {"allowed": True, "warnings": ["one", "two"]}  # noqa: E731
    await register(admin, "validating", hooks.hook("/v", say, operations="*"))
    for method, path, body in (("POST", CONFIGMAPS, configmap("a")), ("DELETE", f"{CONFIGMAPS}/a", None)):
        _, headers, _ = await admin.full(method, path, body)
        assert headers.getall("Warning") == ['299 - "one"', '299 - "two"']


async def test_version_v1beta1(admin: Client, hooks: WebhookServer) -> None:
    add = {"op": "add", "path": "/data", "value": {"k": "v"}}
    judge = patch(add)

    def bare(request: Object) -> Object:
        answer = judge(request)
        assert isinstance(answer, dict)
        return {"uid": "", "allowed": True, "patch": answer["patch"]}

    await register(admin, "mutating", hooks.hook("/m", bare, admissionReviewVersions=["v9", "v1beta1"]))
    assert (await admin.create(CONFIGMAPS, configmap("a")))["data"] == {"k": "v"}
    assert hooks.reviews[0]["apiVersion"] == "admission.k8s.io/v1beta1"
