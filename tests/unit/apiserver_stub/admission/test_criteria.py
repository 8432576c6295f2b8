"""Rules and selectors: which requests are meant."""

from collections.abc import Iterable
from typing import Any

import pytest

from apiserver_stub.admission import criteria, review
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth.authenticate import User
from apiserver_stub.meta import status
from apiserver_stub.schema import kinds

Object = dict[str, Any]


def attributes(group: str, plural: str, operation: Any = "CREATE", namespace: str = "ns", **more: Any) -> Attributes:
    resource = kinds.builtin().get(group, "v1", plural)
    assert resource
    return Attributes(operation, resource, namespace, more.pop("name", "n"), **more)


PODS = attributes("", "pods")
POD_STATUS = attributes("", "pods", "UPDATE", subresource="status")
NODES = attributes("", "nodes", namespace="")
NAMESPACE = attributes("", "namespaces", "UPDATE", namespace="", obj={"metadata": {"labels": {"a": "b"}}})
DEPLOYMENTS = attributes("apps", "deployments")


@pytest.mark.parametrize(
    ("a", "rule", "matches"),
    [
        (PODS, {}, True),
        (PODS, {"apiGroups": ["apps"]}, False),
        (PODS, {"apiGroups": ["apps", ""]}, True),
        (PODS, {"apiVersions": ["v1"]}, True),
        (PODS, {"apiVersions": ["v2"]}, False),
        (PODS, {"operations": ["UPDATE", "CREATE"]}, True),
        (PODS, {"operations": ["UPDATE"]}, False),
        (PODS, {"operations": None}, False),
        (PODS, {"resources": ["pods"]}, True),
        (PODS, {"resources": ["pods/*"]}, True),
        (PODS, {"resources": ["pods/status"]}, False),
        (PODS, {"resources": ["*"]}, True),
        (PODS, {"resources": ["services", "*/*"]}, True),
        (POD_STATUS, {"resources": ["pods"]}, False),
        (POD_STATUS, {"resources": ["*"]}, False),
        (POD_STATUS, {"resources": ["pods/status"]}, True),
        (POD_STATUS, {"resources": ["*/status"]}, True),
        (POD_STATUS, {"resources": ["pods/*"]}, True),
        (POD_STATUS, {"resources": ["*/*"]}, True),
        (POD_STATUS, {"resources": ["pods/scale", "services/*"]}, False),
        (PODS, {"scope": "Namespaced"}, True),
        (PODS, {"scope": "Cluster"}, False),
        (NODES, {"scope": "Namespaced"}, False),
        (NODES, {"scope": "Cluster"}, True),
        (NAMESPACE, {"scope": "Namespaced"}, False),
        (NAMESPACE, {"scope": "Cluster"}, True),
        (PODS, {"resourceNames": ["n"]}, True),
        (PODS, {"resourceNames": ["other"]}, False),
    ],
)
def test_rules(a: Attributes, rule: Object, matches: bool) -> None:
    every = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"], "scope": "*"}
    assert criteria.rule_matches(every | rule, criteria.name_of(a), a) is matches


class View:
    """Namespaces and nothing else."""

    off: frozenset[str] = frozenset()

    def __init__(self, namespaces: Object) -> None:
        self._namespaces = namespaces

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        return {"metadata": {"labels": self._namespaces[name]}} if name in self._namespaces else None

    def list(self, group: str, plural: str) -> Iterable[Object]:
        return ()


IS_B = {"matchLabels": {"a": "b"}}


@pytest.mark.parametrize(
    ("a", "wanted", "selected"),
    [
        (PODS, {}, True),
        (PODS, None, True),
        (PODS, IS_B, True),
        (PODS, {"matchLabels": {"a": "c"}}, False),
        (attributes("", "pods", namespace="other"), IS_B, False),
        (attributes("", "pods", namespace="missing"), {}, True),
        (NODES, {"matchLabels": {"a": "c"}}, True),
        (NAMESPACE, IS_B, True),
        (attributes("", "namespaces", "DELETE", namespace="", name="ns"), IS_B, True),
        (attributes("", "namespaces", "DELETE", namespace="", name="other"), IS_B, False),
    ],
)
def test_namespaces(a: Attributes, wanted: Object | None, selected: bool) -> None:
    view = View({"ns": {"a": "b"}, "other": {}})
    assert criteria.selects_namespace(wanted, a, view) is selected


def test_a_missing_namespace() -> None:
    with pytest.raises(status.StatusError, match='namespaces "ns" not found'):
        criteria.selects_namespace(IS_B, PODS, View({}))


@pytest.mark.parametrize(
    ("new", "old", "selected"),
    [
        ({"labels": {"a": "b"}}, None, True),
        ({}, {"labels": {"a": "b"}}, True),
        ({}, {}, False),
        (None, {"labels": {"a": "b"}}, True),
        (None, None, False),
    ],
)
def test_objects(new: Object | None, old: Object | None, selected: bool) -> None:
    objects = {"obj": None if new is None else {"metadata": new}, "old": None if old is None else {"metadata": old}}
    assert criteria.selects_object(IS_B, attributes("", "pods", **objects)) is selected
    assert criteria.selects_object({}, attributes("", "pods", **objects))


def test_a_request() -> None:
    user = User("u", ("g",), "1", {"k": ("v",)})
    a = attributes("apps", "deployments", "UPDATE", subresource="scale", user=user, options={"kind": "UpdateOptions"})
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    kind = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert review.request(a) == {
        "kind": kind,
        "resource": resource,
        "subResource": "scale",
        "requestKind": kind,
        "requestResource": resource,
        "requestSubResource": "scale",
        "name": "n",
        "namespace": "ns",
        "operation": "UPDATE",
        "userInfo": {"username": "u", "groups": ["g"], "uid": "1", "extra": {"k": ["v"]}},
        "dryRun": False,
        "options": {"kind": "UpdateOptions"},
    }
    assert review.request(NAMESPACE)["namespace"] == "n", "a Namespace is in itself"
    other = review.request(a, ("apps", "v2", "deployments"), ("apps", "v2", "Deployment"))
    assert (other["resource"]["version"], other["requestResource"]["version"]) == ("v2", "v1")
