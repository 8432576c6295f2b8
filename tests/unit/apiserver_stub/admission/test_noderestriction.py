"""What a node may write."""

import copy
from typing import Any

import pytest

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.noderestriction import NodeRestriction
from apiserver_stub.auth.authenticate import User
from apiserver_stub.meta.status import StatusError
from apiserver_stub.schema import kinds

Object = dict[str, Any]

PI = User("system:node:pi", ("system:nodes", "system:authenticated"))
NODE = {"metadata": {"name": "pi", "uid": "n", "labels": {"a": "b"}}, "spec": {"taints": [{"key": "t"}]}}
OWN: Object = {"metadata": {"name": "p", "namespace": "d", "uid": "1"}, "spec": {"nodeName": "pi"}}
OTHER: Object = {"metadata": {"name": "q", "namespace": "d", "uid": "2"}, "spec": {"nodeName": "far"}}
OWNER = {"apiVersion": "v1", "kind": "Node", "name": "pi", "uid": "n", "controller": True}
MIRROR: Object = {
    "metadata": {
        "name": "m",
        "namespace": "d",
        "annotations": {"kubernetes.io/config.mirror": "x"},
        "ownerReferences": [OWNER],
    },
    "spec": {"nodeName": "pi"},
}
CLAIM: Object = {"metadata": {"name": "c", "namespace": "d", "resourceVersion": "1"}, "status": {"phase": "Bound"}}


class View:
    off: frozenset[str] = frozenset()

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        return {"p": OWN, "q": OTHER, "pi": NODE}.get(name)

    def list(self, group: str, plural: str) -> list[Object]:
        return []


def changed(obj: Object, **fields: Any) -> Object:
    """A copy with dotted paths set: a__b=1 sets obj["a"]["b"]."""
    made = copy.deepcopy(obj)
    for path, value in fields.items():
        *parents, last = path.split("__")
        at = made
        for name in parents:
            at = at.setdefault(name, {})
        at[last] = value
    return made


def judged(what: str, operation: Any, obj: Object | None = None, old: Object | None = None, user: User = PI) -> str:
    """ "" or the message after "is forbidden: ". what: "pods/status"; its version is v1."""
    plural, _, subresource = what.partition("/")
    group = {"leases": "coordination.k8s.io", "csinodes": "storage.k8s.io"}.get(plural, "")
    resource = kinds.builtin().get(group, "v1", plural)
    assert resource
    meta = (obj or old or {}).get("metadata", {})
    name = "" if operation == "CREATE" and not subresource else meta.get("name", "")
    a = Attributes(operation, resource, meta.get("namespace", ""), name, obj, old, subresource, user=user)
    plugin = NodeRestriction(View())
    assert plugin.handles(resource)
    try:
        plugin.admit(a)
    except StatusError as error:
        assert error.code in (403, 404)
        return error.message.partition("forbidden: ")[2] or error.message
    return ""


def token(**reference: str) -> Object:
    return {"metadata": {"name": "sa", "namespace": "d"}, "spec": {"boundObjectRef": reference}}


BOUND = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1"}
LEASE = {"metadata": {"name": "pi", "namespace": "kube-node-lease"}}


@pytest.mark.parametrize(
    ("what", "operation", "obj", "old", "said"),
    [
        ("pods", "CREATE", OWN, None, "can only create mirror pods"),
        ("pods", "CREATE", MIRROR, None, ""),
        ("pods", "CREATE", changed(MIRROR, spec__nodeName="far"), None, "with spec.nodeName set to itself"),
        ("pods", "CREATE", changed(MIRROR, metadata__ownerReferences=[]), None, "an owner reference set to itself"),
        ("pods", "CREATE", changed(MIRROR, metadata__ownerReferences=[OWNER, OWNER]), None, "single owner"),
        ("pods", "CREATE", changed(MIRROR, metadata__ownerReferences=[OWNER | {"uid": "x"}]), None, "UID mismatch"),
        ("pods", "CREATE", changed(MIRROR, metadata__ownerReferences=[OWNER | {"controller": False}]), None, "a contr"),
        (
            "pods",
            "CREATE",
            changed(MIRROR, metadata__ownerReferences=[OWNER | {"blockOwnerDeletion": True}]),
            None,
            "must not set blockOwnerDeletion",
        ),
        ("pods", "CREATE", changed(MIRROR, spec__serviceAccountName="a"), None, "reference a service account"),
        (
            "pods",
            "CREATE",
            changed(MIRROR, spec__volumes=[{"name": "v", "secret": {"secretName": "s"}}]),
            None,
            "reference secrets",
        ),
        ("pods", "DELETE", None, OWN, ""),
        ("pods", "DELETE", None, OTHER, "can only delete pods with spec.nodeName set to itself"),
        ("pods", "UPDATE", OWN, OWN, "unexpected operation"),
        ("pods/binding", "CREATE", OWN, None, "unexpected pod subresource"),
        ("pods/status", "UPDATE", changed(OWN, status__phase="Running"), OWN, ""),
        ("pods/status", "UPDATE", OTHER, OTHER, "can only update pod status"),
        ("pods/status", "UPDATE", changed(OWN, metadata__labels={"a": "b"}), OWN, "cannot update labels"),
        ("pods/eviction", "CREATE", OWN, None, ""),
        ("pods/eviction", "CREATE", OTHER, None, "can only evict pods"),
        ("nodes", "CREATE", NODE, None, ""),
        ("nodes", "CREATE", changed(NODE, metadata__name="far"), None, 'not allowed to modify node "far"'),
        ("nodes", "CREATE", changed(NODE, metadata__labels={"k8s.io/x": ""}), None, "following labels"),
        ("nodes", "UPDATE", changed(NODE, spec__taints=[]), NODE, "not allowed to modify taints"),
        ("nodes", "UPDATE", changed(NODE, metadata__labels={"kubernetes.io/os": "linux"}), NODE, ""),
        ("nodes", "UPDATE", changed(NODE, metadata__labels={"node.kubernetes.io/x": ""}), NODE, ""),
        (
            "nodes",
            "UPDATE",
            changed(NODE, metadata__labels={"node-restriction.kubernetes.io/x": "", "x.k8s.io/y": ""}),
            NODE,
            "is not allowed to modify labels: node-restriction.kubernetes.io/x, x.k8s.io/y",
        ),
        ("nodes/status", "UPDATE", changed(NODE, status__phase="x"), NODE, ""),
        ("persistentvolumeclaims", "UPDATE", CLAIM, CLAIM, "may only update PVC status"),
        ("persistentvolumeclaims/status", "UPDATE", changed(CLAIM, status__capacity={"storage": "1"}), CLAIM, ""),
        ("persistentvolumeclaims/status", "UPDATE", changed(CLAIM, metadata__resourceVersion=""), CLAIM, ""),
        ("persistentvolumeclaims/status", "UPDATE", changed(CLAIM, status__phase="Lost"), CLAIM, "fields other than"),
        ("serviceaccounts/token", "CREATE", token(**BOUND), None, ""),
        ("serviceaccounts/token", "CREATE", token(), None, "not bound to a pod"),
        ("serviceaccounts/token", "CREATE", token(**BOUND | {"kind": "Node"}), None, "not bound to a pod"),
        ("serviceaccounts/token", "CREATE", token(**BOUND | {"uid": ""}), None, "without a uid"),
        ("serviceaccounts/token", "CREATE", token(**BOUND | {"uid": "9"}), None, "does not match the UID in record"),
        ("serviceaccounts/token", "CREATE", token(**BOUND | {"name": "q", "uid": "2"}), None, "on a different node"),
        ("serviceaccounts/token", "CREATE", token(**BOUND | {"name": "gone"}), None, 'pods "gone" not found'),
        ("leases", "CREATE", LEASE, None, ""),
        ("leases", "UPDATE", changed(LEASE, metadata__name="far"), LEASE, "same name as the requesting node"),
        ("leases", "UPDATE", changed(LEASE, metadata__namespace="d"), LEASE, 'in the "kube-node-lease" system'),
        ("csinodes", "CREATE", {"metadata": {"name": "far"}}, None, "can only access CSINode with the same name"),
    ],
)  # fmt: skip
def test_a_node(what: str, operation: str, obj: Object | None, old: Object | None, said: str) -> None:
    found = judged(what, operation, obj, old)
    assert said in found if said else found == ""


def test_others_are_not_judged_and_nodes_without_a_name_may_nothing() -> None:
    assert judged("pods", "CREATE", OWN, user=User("jane")) == ""
    nameless = judged("pods", "DELETE", old=OWN, user=User("jane", ("system:nodes",)))
    assert nameless == 'could not determine node from user "jane"'
