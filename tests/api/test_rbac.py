"""Roles decide, reviews tell, nobody grants what he does not have."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.api.conftest import CONFIGMAPS, Api, Client, configmap

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"
ROLES = f"{RBAC}/namespaces/default/roles"
BINDINGS = f"{RBAC}/namespaces/default/rolebindings"


def role(name: str, *rules: dict[str, Any], kind: str = "Role", **content: Any) -> dict[str, Any]:
    api_version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "rules": list(rules), **content}


def rule(verbs: str, resources: str, group: str = "") -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}


def binding(name: str, role_name: str, kind: str = "Role", user: str = "viewer") -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": kind, "name": role_name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }


def as_viewer(api: Api) -> AbstractAsyncContextManager[Client]:
    return api.client("", Authorization="Bearer viewer-token")


async def grant(admin: Client, *rules: dict[str, Any]) -> None:
    await admin.create(ROLES, role("granted", *rules))
    await admin.create(BINDINGS, binding("granted", "granted"))


async def test_a_role_counts_at_once_and_no_longer_than_it_is_there(api: Api, admin: Client) -> None:
    async with as_viewer(api) as viewer:
        assert (await viewer.get(CONFIGMAPS))[0] == 403
        await grant(admin, rule("list", "configmaps"))
        assert (await viewer.get(CONFIGMAPS))[0] == 200
        assert (await viewer.get("/api/v1/configmaps"))[0] == 403
        assert (await viewer.call("POST", CONFIGMAPS, configmap("a")))[0] == 403
        await admin.call("DELETE", f"{ROLES}/granted")
        code, error = await viewer.get(CONFIGMAPS)
    assert (code, error["message"]) == (
        403,
        'configmaps is forbidden: User "viewer" cannot list resource "configmaps" in API group "" in the namespace '
        '"default": RBAC: role.rbac.authorization.k8s.io "granted" not found',
    )


async def test_default_roles_come_back_and_keep_what_was_added(api: Api) -> None:
    async with api.client() as admin:
        path = f"{RBAC}/clusterroles/system:basic-user"
        await admin.call("DELETE", f"{RBAC}/clusterroles/system:discovery")
        await admin.patch(path, {"rules": [rule("get", "pods")]})
    await api.stop()
    await api.start()
    async with api.client() as admin:
        assert (await admin.get(f"{RBAC}/clusterroles/system:discovery"))[0] == 200
        _, found = await admin.get(path)
    assert found["rules"][0] == rule("get", "pods")
    assert len(found["rules"]) > 1


BY_ADMIN = [rule("create update patch", "roles rolebindings", "rbac.authorization.k8s.io"), rule("get", "configmaps")]


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        (ROLES, role("r", rule("get", "configmaps")), 201, ""),
        (ROLES, role("r", rule("get list", "configmaps")), 403, 'Resources:["configmaps"], Verbs:["list"]'),
        (ROLES, role("r"), 201, ""),
        (BINDINGS, binding("r", "granted"), 201, ""),
        (BINDINGS, binding("r", "strong"), 403, "is attempting to grant RBAC permissions not currently held"),
        (BINDINGS, binding("r", "none"), 404, 'roles.rbac.authorization.k8s.io "none" not found'),
        (BINDINGS, binding("r", "none", "ClusterRole"), 404, 'clusterroles.rbac.authorization.k8s.io "none" not found'),
        (f"{RBAC}/clusterroles", role("r", kind="ClusterRole"), 403, "cannot create resource"),
    ],
)
async def test_escalation(api: Api, admin: Client, path: str, body: Any, code: int, words: str) -> None:
    await grant(admin, *BY_ADMIN)
    await admin.create(ROLES, role("strong", rule("*", "secrets")))
    async with as_viewer(api) as viewer:
        answered, answer = await viewer.call("POST", path, body)
    assert (answered, words in answer.get("message", "")) == (code, True), answer


async def test_escalation_by_changing(api: Api, admin: Client) -> None:
    await grant(admin, *BY_ADMIN)
    async with as_viewer(api) as viewer:
        stronger = {"rules": [*BY_ADMIN, rule("*", "secrets")]}
        assert (await viewer.patch(f"{ROLES}/granted", stronger))[0] == 403
        assert (await viewer.patch(f"{ROLES}/granted", {"metadata": {"labels": {"a": "b"}}}))[0] == 200
        code, _ = await viewer.call("PUT", f"{ROLES}/granted", role("granted", *stronger["rules"]))
        assert code == 403


@pytest.mark.parametrize("verb", ["escalate", "bind"])
async def test_who_may_escalate_or_bind(api: Api, admin: Client, verb: str) -> None:
    await grant(admin, *BY_ADMIN, rule(verb, "roles", "rbac.authorization.k8s.io"))
    await admin.create(ROLES, role("strong", rule("*", "secrets")))
    async with as_viewer(api) as viewer:
        made = (await viewer.call("POST", ROLES, role("r", rule("*", "secrets"))))[0]
        bound = (await viewer.call("POST", BINDINGS, binding("r", "strong")))[0]
    assert (made, bound) == ((201, 403) if verb == "escalate" else (403, 201))


async def test_aggregation_needs_full_authority(api: Api, admin: Client) -> None:
    path, group = f"{RBAC}/clusterroles", "rbac.authorization.k8s.io"
    await admin.create(path, role("maker", rule("create", "clusterroles", group), kind="ClusterRole"))
    cluster = binding("maker", "maker", "ClusterRole") | {"kind": "ClusterRoleBinding"}
    await admin.create(f"{RBAC}/clusterrolebindings", cluster)
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    async with as_viewer(api) as viewer:
        code, error = await viewer.call("POST", path, role("all", kind="ClusterRole", aggregationRule=selectors))
    assert code == 403
    assert error["message"].endswith("must have cluster-admin privileges to use the aggregationRule")


def review(kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


RESOURCE = {"resourceAttributes": {"verb": "list", "resource": "configmaps", "namespace": "default"}}
PATH = {"nonResourceAttributes": {"verb": "get", "path": "/api"}}
EITHER = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        (RESOURCE | {"user": "viewer"}, True),
        (RESOURCE | {"groups": ["system:masters"]}, True),
        (RESOURCE | {"user": "other"}, False),
        (PATH | {"user": "x", "groups": ["system:authenticated"]}, True),
        (PATH | {"user": "x"}, False),
    ],
)
async def test_reviews(admin: Client, spec: dict[str, Any], allowed: bool) -> None:
    await grant(admin, rule("list", "configmaps"))
    found = await admin.create(f"{REVIEWS}/subjectaccessreviews", review("SubjectAccessReview", **spec))
    assert found["status"]["allowed"] is allowed
    assert found["spec"] == spec


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, f"[spec.resourceAttributes: {EITHER}, spec.user: "),
        (
            RESOURCE | PATH | {"user": "x"},
            'spec.nonResourceAttributes: Invalid value: {"Path":"/api","Verb":"get"}: cannot be specified in '
            "combination with resourceAttributes",
        ),
        (
            {"user": "x", "resourceAttributes": {"fieldSelector": {}}},
            "spec.resourceAttributes.fieldSelector.requirements: Required value",
        ),
        (
            {
                "user": "x",
                "resourceAttributes": {"labelSelector": {"rawSelector": "a", "requirements": [{"key": "a"}]}},
            },
            "may not specified at the same time as requirements",
        ),
    ],
)
async def test_reviews_with_mistakes(admin: Client, spec: dict[str, Any], message: str) -> None:
    code, error = await admin.call("POST", f"{REVIEWS}/subjectaccessreviews", review("SubjectAccessReview", **spec))
    assert (code, message in error["message"]) == (422, True), error["message"]


async def test_reviews_take_no_metadata(admin: Client) -> None:
    body = review("SelfSubjectAccessReview", **PATH) | {"metadata": {"name": "x"}}
    code, error = await admin.call("POST", f"{REVIEWS}/selfsubjectaccessreviews", body)
    assert (code, error["message"]) == (
        422,
        '.authorization.k8s.io "" is invalid: metadata: Invalid value: {"name":"x"}: must be empty',
    )
