"""What a node may write: itself, its Lease, and the Pods that are bound to it.

See the Kubernetes page "Admission Control in Kubernetes", "NodeRestriction". The plug-in of kube-apiserver must be
switched on; here it is on, since the kubelet of this machine is a node like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth import nodes
from apiserver_stub.meta import status
from apiserver_stub.registry.base import View
from apiserver_stub.schema import kinds

Object = dict[str, Any]

_MIRROR: Final = "kubernetes.io/config.mirror"
_LEASES: Final = "kube-node-lease"
_GROUP: Final = "system:nodes"
_RESTRICTED: Final = "node-restriction.kubernetes.io"
# Labels of Kubernetes' own that a kubelet may set.
_LABELS: Final = frozenset(
    {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "kubernetes.io/os",
        "kubernetes.io/arch",
    }
)
_LABEL_DOMAINS: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")
# Parts of a claim's status that a kubelet reports after growing a volume.
_CLAIM_STATUS: Final = frozenset({"capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"})
_UNJUDGED: Final = frozenset({"resourceVersion", "managedFields", "generation"})


class NodeRestriction:
    def __init__(self, view: View) -> None:
        self._view = view
        self._rules: Mapping[tuple[str, str], Callable[[str, Attributes], None]] = {
            ("", "pods"): self._pod,
            ("", "nodes"): self._node,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "serviceaccounts"): self._account,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node,
        }

    def handles(self, resource: kinds.Resource) -> bool:
        return (resource.group, resource.name) in self._rules

    def admit(self, a: Attributes) -> None:
        """Raises StatusError (403, 404)."""
        if _GROUP not in a.user.groups:
            return
        node = nodes.name_of(a.user)
        if not node:
            raise _refused(a, f'could not determine node from user "{a.user.name}"')
        self._rules[a.resource.group, a.resource.name](node, a)

    def _pod(self, node: str, a: Attributes) -> None:
        match a.subresource, a.operation:
            case "", "CREATE":
                self._new_pod(node, a)
            case "", "DELETE":
                if _bound_to(a.old) != node:
                    raise _refused(a, f'node "{node}" can only delete pods with spec.nodeName set to itself')
            case "status", "UPDATE":
                _pod_status(node, a)
            case "eviction", "CREATE":
                pod = self._pod_named(a, a.name)
                if _bound_to(pod) != node:
                    raise _refused(a, f"node {node} can only evict pods with spec.nodeName set to itself")
            case "" | "status" | "eviction", _:
                raise _refused(a, f'unexpected operation "{a.operation}"')
            case _:
                raise _refused(a, f'unexpected pod subresource "{a.subresource}"')

    def _new_pod(self, node: str, a: Attributes) -> None:
        """Only a mirror of what the kubelet runs from a file, which names nothing of the API."""
        pod = a.obj or {}
        if _MIRROR not in (pod["metadata"].get("annotations") or {}):
            raise _refused(a, f'pod does not have "{_MIRROR}" annotation, node "{node}" can only create mirror pods')
        if _bound_to(pod) != node:
            raise _refused(a, f'node "{node}" can only create pods with spec.nodeName set to itself')
        self._owner(node, a, pod["metadata"].get("ownerReferences") or [])
        for what in _mentioned(pod):
            raise _refused(a, f'node "{node}" can not create pods that reference {what}')

    def _owner(self, node: str, a: Attributes, owners: list[Object]) -> None:
        if len(owners) > 1:
            raise _refused(a, f'node "{node}" can only create pods with a single owner reference set to itself')
        owner = owners[0] if owners else {}
        if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
            raise _refused(a, f'node "{node}" can only create pods with an owner reference set to itself')
        if not owner.get("controller"):
            raise _refused(a, f'node "{node}" can only create pods with a controller owner reference set to itself')
        if owner.get("blockOwnerDeletion"):
            raise _refused(a, f'node "{node}" must not set blockOwnerDeletion on an owner reference')
        found = self._view.get("", "nodes", "", node)
        if found is None:
            raise status.not_found(("", "nodes"), node)
        uid = found["metadata"].get("uid", "")
        if owner.get("uid") != uid:
            raise _refused(a, f"node {node} UID mismatch: expected {owner.get('uid', '')} got {uid}")

    def _node(self, node: str, a: Attributes) -> None:
        name = _name(a)
        if name != node:
            raise _refused(a, f'node "{node}" is not allowed to modify node "{name}"')
        if a.obj is None:
            return
        old = a.old or {}
        if a.operation == "UPDATE" and _taints(a.obj) != _taints(old):
            raise _refused(a, f'node "{node}" is not allowed to modify taints')
        before, after = (_labels(one) for one in (old, a.obj))
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        if wrong := ", ".join(sorted(filter(_is_forbidden, changed))):
            if a.operation == "CREATE":
                raise _refused(a, f'node "{node}" is not allowed to set the following labels: {wrong}')
            raise _refused(a, f"is not allowed to modify labels: {wrong}")

    def _claim(self, node: str, a: Attributes) -> None:
        if a.subresource != "status":
            raise _refused(a, f'may only update PVC status: "{a.subresource}"')
        if a.operation != "UPDATE":
            raise _refused(a, f'unexpected operation "{a.operation}"')
        if _unjudged(a.old or {}) != _unjudged(a.obj or {}):
            what = "update fields other than status.capacity and status.conditions"
            raise _refused(a, f'node "{node}" is not allowed to {what}')

    def _account(self, node: str, a: Attributes) -> None:
        if a.operation != "CREATE" or a.subresource != "token":
            return
        reference = ((a.obj or {}).get("spec") or {}).get("boundObjectRef") or {}
        if (reference.get("apiVersion"), reference.get("kind")) != ("v1", "Pod") or not reference.get("name"):
            raise _refused(a, "node requested token not bound to a pod")
        uid = reference.get("uid")
        if not uid:
            raise _refused(a, "node requested token with a pod binding without a uid")
        pod = self._pod_named(a, reference["name"])
        if pod["metadata"].get("uid") != uid:
            raise _refused(
                a,
                f"the UID in the bound object reference ({uid}) does not match the UID in record. "
                "The object might have been deleted and then recreated",
            )
        if _bound_to(pod) != node:
            raise _refused(a, "node requested token bound to a pod scheduled on a different node")

    def _lease(self, node: str, a: Attributes) -> None:
        if a.namespace != _LEASES:
            raise _refused(a, f'can only access leases in the "{_LEASES}" system namespace')
        if _name(a) != node:
            raise _refused(a, "can only access node lease with the same name as the requesting node")

    def _csi_node(self, node: str, a: Attributes) -> None:
        if _name(a) != node:
            raise _refused(a, "can only access CSINode with the same name as the requesting node")

    def _pod_named(self, a: Attributes, name: str) -> Object:
        pod = self._view.get("", "pods", a.namespace, name)
        if pod is None:
            raise status.not_found(("", "pods"), name)
        return pod


def _pod_status(node: str, a: Attributes) -> None:
    old, new = a.old or {}, a.obj or {}
    if _bound_to(old) != node:
        raise _refused(a, f'node "{node}" can only update pod status for pods with spec.nodeName set to itself')  # noqa: S608
    if _labels(old) != _labels(new):
        raise _refused(a, f'node "{node}" cannot update labels through pod status')
    before, after = ((one.get("status") or {}).get("resourceClaimStatuses") or [] for one in (old, new))
    if before != after:
        raise _refused(a, f'node "{node}" cannot update resource claim statues')


def _mentioned(pod: Object) -> Iterator[str]:
    """What of the API a Pod names, in upstream's order and words."""
    spec = pod.get("spec") or {}
    names = {resource for resource, name in nodes.names(pod) if name}
    if spec.get("serviceAccountName"):
        yield "a service account"
    for resource in ("secrets", "configmaps", "persistentvolumeclaims"):
        if resource in names:
            yield resource


def _is_forbidden(label: str) -> bool:
    domain = label.partition("/")[0] if "/" in label else ""
    if _is_below(domain, _RESTRICTED):
        return True
    if not (_is_below(domain, "kubernetes.io") or _is_below(domain, "k8s.io")):
        return False
    return label not in _LABELS and not any(_is_below(domain, allowed) for allowed in _LABEL_DOMAINS)


def _is_below(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def _unjudged(claim: Object) -> Object:
    """The claim without what its node may change."""
    kept = {name: value for name, value in claim.items() if name != "status"}
    kept["metadata"] = {name: value for name, value in claim["metadata"].items() if name not in _UNJUDGED}
    kept["status"] = {k: v for k, v in (claim.get("status") or {}).items() if k not in _CLAIM_STATUS}
    return kept


def _name(a: Attributes) -> str:
    return a.name or str((a.obj or {}).get("metadata", {}).get("name", ""))


def _bound_to(pod: Object | None) -> str:
    return str(((pod or {}).get("spec") or {}).get("nodeName") or "")


def _labels(obj: Object) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def _taints(node: Object) -> list[Object]:
    return (node.get("spec") or {}).get("taints") or []


def _refused(a: Attributes, why: str) -> status.StatusError:
    return status.forbidden(a.resource, a.name, why)
