"""What a node may do with what its Pods need."""

from typing import Any

import pytest

from apiserver_stub.auth import nodes
from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import Attributes, Rule

ROLE = [Rule(("get", "list"), ("",), ("pods", "secrets"))]
UNRELATED = "no relationship found between node 'n1' and this object"
POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "ns"},
    "spec": {
        "nodeName": "n1",
        "serviceAccountName": "robot",
        "imagePullSecrets": [{"name": "pull"}],
        "volumes": [
            {"name": "a", "secret": {"secretName": "mounted"}},
            {"name": "b", "projected": {"sources": [{"configMap": {"name": "settings"}}]}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "disk"}},
        ],
        "containers": [{"env": [{"name": "x", "valueFrom": {"secretKeyRef": {"name": "key"}}}, {"name": "y"}]}],
    },
}


@pytest.mark.parametrize(
    ("verb", "resource", "name", "namespace", "allowed", "why"),
    [
        ("get", "secrets", "mounted", "ns", True, ""),
        ("get", "secrets", "pull", "ns", True, ""),
        ("watch", "secrets", "key", "ns", True, ""),
        ("get", "configmaps", "settings", "ns", True, ""),
        ("get", "persistentvolumeclaims", "disk", "ns", True, ""),
        ("create", "serviceaccounts/token", "robot", "ns", True, ""),
        ("create", "serviceaccounts/token", "other", "ns", False, UNRELATED),
        ("get", "secrets", "other", "ns", False, UNRELATED),
        ("get", "secrets", "mounted", "kube-system", False, UNRELATED),
        ("list", "secrets", "", "ns", False, "No Object name found"),
        ("delete", "secrets", "mounted", "ns", False, ""),
        ("get", "pods", "any", "ns", True, ""),
        ("delete", "pods", "any", "ns", False, ""),
    ],
)
def test_what_its_pods_need(verb: str, resource: str, name: str, namespace: str, allowed: bool, why: str) -> None:
    resource, _, subresource = resource.partition("/")
    wanted = Attributes(verb, "", "", resource, subresource, namespace, name)
    assert nodes.decide("n1", wanted, ROLE, lambda: [POD]) == (allowed, why)
    assert not nodes.decide("n2", wanted, [], lambda: [POD])[0]


@pytest.mark.parametrize(
    ("verb", "name", "namespace", "allowed"),
    [
        ("update", "n1", "kube-node-lease", True),
        ("create", "", "kube-node-lease", True),
        ("update", "n2", "kube-node-lease", False),
        ("update", "n1", "default", False),
        ("list", "", "kube-node-lease", False),
    ],
)
def test_its_lease(verb: str, name: str, namespace: str, allowed: bool) -> None:
    wanted = Attributes(verb, "", "coordination.k8s.io", "leases", "", namespace, name)
    assert nodes.decide("n1", wanted, [], list)[0] is allowed


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (User("system:node:n1", ("system:nodes",)), "n1"),
        (User("system:node:n1"), ""),
        (User("n1", ("system:nodes",)), ""),
    ],
)
def test_who_is_a_node(user: User, name: str) -> None:
    assert nodes.name_of(user) == name
