"""What rules allow, whom bindings name, and what goes beyond a user's own rights."""

from typing import Any

import pytest

from apiserver_stub.auth import escalation
from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import Attributes, Policies, Rule


def rule(verbs: str, groups: str = "", resources: str = "", names: str = "", urls: str = "") -> Rule:
    """Words with commas between; the core group is written "core"."""
    words = [tuple(filter(None, text.split(","))) for text in (verbs, groups, resources, names, urls)]
    words[1] = tuple("" if group == "core" else group for group in words[1])
    return Rule(*words)


def request(verb: str, resource: str = "", name: str = "", group: str = "", path: str = "") -> Attributes:
    resource, _, subresource = resource.partition("/")
    return Attributes(verb, path, group, resource, subresource, "ns", name)


@pytest.mark.parametrize(
    ("held", "wanted", "allowed"),
    [
        (rule("get", "core", "pods"), request("get", "pods"), True),
        (rule("get", "core", "pods"), request("get", "pods", "a"), True),
        (rule("get", "core", "pods"), request("list", "pods"), False),
        (rule("*", "core", "pods"), request("list", "pods"), True),
        (rule("get", "core", "pods"), request("get", "pods", group="apps"), False),
        (rule("get", "*", "pods"), request("get", "pods", group="apps"), True),
        (rule("get", "core", "pods"), request("get", "pods/log"), False),
        (rule("get", "core", "pods/log"), request("get", "pods/log"), True),
        (rule("get", "core", "pods/log"), request("get", "pods"), False),
        (rule("get", "core", "*/log"), request("get", "pods/log"), True),
        (rule("get", "core", "pods/*"), request("get", "pods/log"), False),
        (rule("get", "core", "*"), request("get", "pods/log"), True),
        (rule("get", "core", "pods", "a,b"), request("get", "pods", "b"), True),
        (rule("get", "core", "pods", "a,b"), request("get", "pods", "c"), False),
        (rule("create", "core", "pods", "a"), request("create", "pods"), False),
        (rule("get", urls="/metrics"), request("get", path="/metrics"), True),
        (rule("get", urls="/metrics"), request("post", path="/metrics"), False),
        (rule("get", urls="/metrics"), request("get", path="/metrics/a"), False),
        (rule("get", urls="/healthz/*"), request("get", path="/healthz/a/b"), True),
        (rule("get", urls="/healthz/*"), request("get", path="/healthz"), False),
        (rule("get", urls="*"), request("get", path="/anything"), True),
        (rule("get", "*", "*"), request("get", path="/anything"), False),
        (rule("get", urls="*"), request("get", "pods"), False),
    ],
)
def test_rules(held: Rule, wanted: Attributes, allowed: bool) -> None:
    assert held.allows(wanted) is allowed


def policies(*bindings: dict[str, Any]) -> Policies:
    found = Policies()
    rules = [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]
    found.put("clusterroles", {"metadata": {"name": "reader"}, "rules": rules})
    found.put("roles", {"metadata": {"name": "reader", "namespace": "ns"}, "rules": rules})
    for binding in bindings:
        namespaced = "namespace" in binding["metadata"]
        found.put("rolebindings" if namespaced else "clusterrolebindings", binding)
    return found


def binding(subject: dict[str, str], namespace: str = "", kind: str = "ClusterRole", role: str = "reader") -> Any:
    meta = {"name": "b"} | ({"namespace": namespace} if namespace else {})
    return {"metadata": meta, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]}


JANE = User("jane", ("team", "system:authenticated"))
ROBOT = User("system:serviceaccount:ns:robot", ("system:serviceaccounts",))
ROBOT_REF = {"kind": "ServiceAccount", "name": "robot"}


@pytest.mark.parametrize(
    ("bound", "user", "reason"),
    [
        (
            binding({"kind": "User", "name": "jane"}),
            JANE,
            'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to User "jane"',
        ),
        (
            binding({"kind": "Group", "name": "team"}, "ns"),
            JANE,
            'RBAC: allowed by RoleBinding "b/ns" of ClusterRole "reader" to Group "team"',
        ),
        (
            binding(ROBOT_REF, "ns", "Role"),
            ROBOT,
            'RBAC: allowed by RoleBinding "b/ns" of Role "reader" to ServiceAccount "robot/ns"',
        ),
        (
            binding(ROBOT_REF | {"namespace": "ns"}),
            ROBOT,
            'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to ServiceAccount "robot/ns"',
        ),
        (binding(ROBOT_REF), ROBOT, None),
        (binding(ROBOT_REF | {"namespace": "other"}, "ns"), ROBOT, None),
        (binding({"kind": "User", "name": "jane"}, "other"), JANE, None),
        (binding({"kind": "Group", "name": "jane"}), JANE, None),
        (binding({"kind": "User", "name": "team"}), JANE, None),
    ],
)
def test_whom_bindings_name(bound: Any, user: User, reason: str | None) -> None:
    assert policies(bound).allows(user, request("get", "pods")) == (reason is not None, reason or "")


@pytest.mark.parametrize(
    ("bound", "reason"),
    [
        (
            binding({"kind": "User", "name": "jane"}, role="none"),
            'RBAC: clusterrole.rbac.authorization.k8s.io "none" not found',
        ),
        (
            binding({"kind": "User", "name": "jane"}, "ns", "Role", "none"),
            'RBAC: role.rbac.authorization.k8s.io "none" not found',
        ),
    ],
)
def test_missing_roles_are_told(bound: Any, reason: str) -> None:
    assert policies(bound).allows(JANE, request("get", "pods")) == (False, reason)


def test_changes() -> None:
    found = policies(binding({"kind": "User", "name": "jane"}))
    found.put("clusterrolebindings", binding({"kind": "User", "name": "joe"}))
    assert not found.allows(JANE, request("get", "pods"))[0]
    assert found.allows(User("joe"), request("get", "pods"))[0]
    found.drop("clusterroles", "", "reader")
    assert found.allows(User("joe"), request("get", "pods"))[1].startswith("RBAC: clusterrole")
    found.drop("clusterrolebindings", "", "b")
    found.drop("clusterrolebindings", "", "b")
    assert found.allows(User("joe"), request("get", "pods")) == (False, "")


ADMIN = rule("*", "*", "*")


@pytest.mark.parametrize(
    ("own", "wanted", "lines"),
    [
        ([rule("get,list", "core", "pods")], [rule("get", "core", "pods")], []),
        (
            [rule("get", "core", "pods")],
            [rule("get,list", "core", "pods")],
            ['APIGroups:[""], Resources:["pods"], Verbs:["list"]'],
        ),
        ([rule("get", "core", "pods", "a")], [rule("get", "core", "pods", "a")], []),
        (
            [rule("get", "core", "pods", "a")],
            [rule("get", "core", "pods")],
            ['APIGroups:[""], Resources:["pods"], Verbs:["get"]'],
        ),
        ([rule("get", "core", "pods")], [rule("get", "core", "pods", "a")], []),
        (
            [],
            [rule("get,list", "core", "pods,services", "a")],
            [
                'APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get", "list"]',
                'APIGroups:[""], Resources:["services"], ResourceNames:["a"], Verbs:["get", "list"]',
            ],
        ),
        ([ADMIN], [rule("get", "core", "pods/log"), ADMIN], []),
        ([rule("get", "core", "*/log")], [rule("get", "core", "pods/log")], []),
        ([rule("get", "core", "pods")], [ADMIN], ['APIGroups:["*"], Resources:["*"], Verbs:["*"]']),
        ([ADMIN], [rule("get", urls="/x")], ['NonResourceURLs:["/x"], Verbs:["get"]']),
        ([rule("get", urls="/x*")], [rule("get", urls="/x/y,/x*")], []),
        (
            [],
            [rule("get,post", urls="/x")],
            ['NonResourceURLs:["/x"], Verbs:["get"]', 'NonResourceURLs:["/x"], Verbs:["post"]'],
        ),
    ],
)
def test_escalation(own: list[Rule], wanted: list[Rule], lines: list[str]) -> None:
    missing = escalation.missing(own, wanted)
    assert bool(missing) is bool(lines)
    if missing:
        head, *rest = escalation.message(JANE, missing).splitlines()
        assert head == (
            'user "jane" (groups=["team" "system:authenticated"]) is attempting to grant RBAC permissions '
            "not currently held:"
        )
        assert rest == [f"{{{line}}}" for line in lines]
