"""FlowSchemas: which requests they cover, what a flow is, which queues it may use."""

import pytest

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import Attributes
from apiserver_stub.flow.schemas import Schema, hand
from apiserver_stub.registry.flowcontrol import bootstrap

JOE = User("joe", ("team", "system:authenticated"))
BOT = User("system:serviceaccount:ci:bot", ("system:serviceaccounts", "system:authenticated"))


def schema(subjects, resource=None, path=None, distinguisher=""):
    rule = {"subjects": subjects}
    if resource:
        rule["resourceRules"] = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], **resource}]
    if path:
        rule["nonResourceRules"] = [{"verbs": ["get"], "nonResourceURLs": path}]
    spec = {"priorityLevelConfiguration": {"name": "x"}, "rules": [rule]}
    spec |= {"distinguisherMethod": {"type": distinguisher}} if distinguisher else {}
    return Schema.of({"metadata": {"name": "s", "uid": "u"}, "spec": spec})


def user(name):
    return {"kind": "User", "user": {"name": name}}


def group(name):
    return {"kind": "Group", "group": {"name": name}}


def account(namespace, name):
    return {"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": name}}


@pytest.mark.parametrize(
    ("who", "subject", "matches"),
    [
        (JOE, user("joe"), True),
        (JOE, user("*"), True),
        (JOE, user("jo"), False),
        (JOE, group("team"), True),
        (JOE, group("*"), True),
        (JOE, group("others"), False),
        (BOT, account("ci", "bot"), True),
        (BOT, account("ci", "*"), True),
        (BOT, account("ci", "bo"), False),
        (BOT, account("c", "*"), False),
        (JOE, account("ci", "*"), False),
    ],
)
def test_subjects(who, subject, matches):
    found = schema([subject], {"namespaces": ["*"]}).matches(who, Attributes("get", "", "", "pods", "", "a"))
    assert found is matches


@pytest.mark.parametrize(
    ("rule", "wanted", "matches"),
    [
        ({"namespaces": ["a"]}, ("get", "", "pods", "", "a"), True),
        ({"namespaces": ["a"]}, ("get", "", "pods", "", "b"), False),
        ({"namespaces": ["*"]}, ("get", "", "nodes", "", ""), False),
        ({"clusterScope": True}, ("get", "", "nodes", "", ""), True),
        ({"clusterScope": True}, ("get", "", "pods", "", "a"), False),
        ({"namespaces": ["*"], "resources": ["pods"]}, ("get", "", "pods", "status", "a"), False),
        ({"namespaces": ["*"], "resources": ["pods/status"]}, ("get", "", "pods", "status", "a"), True),
        ({"namespaces": ["*"], "verbs": ["list"]}, ("get", "", "pods", "", "a"), False),
        ({"namespaces": ["*"], "apiGroups": ["apps"]}, ("get", "apps", "deployments", "", "a"), True),
        ({"namespaces": ["*"], "apiGroups": ["apps"]}, ("get", "", "pods", "", "a"), False),
    ],
)
def test_resources(rule, wanted, matches):
    verb, api_group, resource, part, namespace = wanted
    request = Attributes(verb, "", api_group, resource, part, namespace)
    assert schema([user("*")], rule).matches(JOE, request) is matches


@pytest.mark.parametrize(
    ("urls", "path", "matches"),
    [
        (["/healthz"], "/healthz", True),
        (["/healthz"], "/healthz/ping", False),
        (["/healthz/*"], "/healthz/ping", True),
        (["/healthz/*"], "/healthzzz", False),
        (["*"], "/anything", True),
    ],
)
def test_paths(urls, path, matches):
    assert schema([user("*")], path=urls).matches(JOE, Attributes("get", path)) is matches


def test_a_rule_for_paths_covers_no_resource():
    assert not schema([user("*")], path=["*"]).matches(JOE, Attributes("get", "/api/v1/pods", "", "pods"))


@pytest.mark.parametrize(("method", "flow"), [("ByUser", "joe"), ("ByNamespace", "a"), ("", "")])
def test_what_tells_flows_apart(method, flow):
    assert schema([user("*")], {}, None, method).flow(JOE, Attributes("get", "", "", "pods", "", "a")) == flow


@pytest.mark.parametrize(
    ("who", "request_", "level"),
    [
        (User("admin", ("system:masters",)), Attributes("list", "", "", "pods"), "exempt"),
        (User("system:anonymous", ("system:unauthenticated",)), Attributes("get", "/readyz"), "exempt"),
        (JOE, Attributes("list", "", "", "pods"), "global-default"),
        (BOT, Attributes("list", "", "", "pods"), "workload-low"),
        (
            User("system:serviceaccount:kube-system:x", ("system:serviceaccounts", "system:authenticated")),
            Attributes("update", "", "coordination.k8s.io", "leases", "", "kube-system"),
            "leader-election",
        ),
        (User("system:node:n", ("system:nodes",)), Attributes("patch", "", "", "nodes", "status"), "node-high"),
        (User("system:node:n", ("system:nodes",)), Attributes("list", "", "", "pods", "", "a"), "system"),
    ],
)
def test_the_levels_of_a_new_server(who, request_, level):
    schemas = sorted(map(Schema.of, bootstrap.schemas()), key=lambda one: one.order)
    assert next(one for one in schemas if one.matches(who, request_)).level == level


def test_a_hand_holds_different_queues_and_is_always_the_same():
    for flow in map(str, range(500)):
        drawn = hand(flow, 16, 6)
        assert len(set(drawn)) == 6
        assert all(0 <= card < 16 for card in drawn)
        assert hand(flow, 16, 6) == drawn
    assert len({hand(flow, 128, 6) for flow in map(str, range(500))}) > 495
