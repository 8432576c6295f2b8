"""What a node may do: its role, and of others' secrets only what its Pods need (Kubernetes page "Node Authorization").

Pure over a view of Pods. The graph that upstream keeps is not needed for one machine's Pods: they are looked through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import Attributes, Rule

Object = Mapping[str, Any]

_PREFIX = "system:node:"
_RELATED = ("secrets", "configmaps", "persistentvolumeclaims")
_OWN_NAME = {("coordination.k8s.io", "leases"), ("storage.k8s.io", "csinodes")}
_OWN_VERBS = frozenset({"get", "create", "update", "patch", "delete"})


def name_of(user: User) -> str:
    """The node that the user is; "" for others."""
    return user.name.removeprefix(_PREFIX) if user.name.startswith(_PREFIX) and "system:nodes" in user.groups else ""


def decide(
    node: str, wanted: Attributes, rules: Iterable[Rule], pods: Callable[[], Iterable[Object]]
) -> tuple[bool, str]:
    """Whether, and why not. rules: of the ClusterRole system:node. pods: all there are."""
    if wanted.group == "" and wanted.resource in _RELATED and not wanted.subresource:
        return _related(wanted.verb in ("get", "list", "watch"), node, wanted, pods)
    if (wanted.group, wanted.resource, wanted.subresource) == ("", "serviceaccounts", "token"):
        return _related(wanted.verb == "create", node, wanted, pods)
    if (wanted.group, wanted.resource) in _OWN_NAME:
        return _own(node, wanted)
    return any(rule.allows(wanted) for rule in rules), ""


def _own(node: str, wanted: Attributes) -> tuple[bool, str]:
    """Objects that are named after the node."""
    is_lease = wanted.resource == "leases"
    kind = "node lease" if is_lease else "CSINode"
    if wanted.verb not in _OWN_VERBS:
        return False, f"can only get, create, update, patch, or delete a {kind}"
    if is_lease and wanted.namespace != "kube-node-lease":
        return False, 'can only access leases in the "kube-node-lease" system namespace'
    # The name of what is created stands in the body.
    if wanted.name == node or (wanted.verb == "create" and not wanted.name):
        return True, ""
    return False, f"can only access {kind} with the same name as the requesting node"


def _related(
    is_possible: bool, node: str, wanted: Attributes, pods: Callable[[], Iterable[Object]]
) -> tuple[bool, str]:
    """Whether a Pod of the node names the object."""
    if not is_possible or not wanted.name:
        return False, "No Object name found" if is_possible else ""
    kind = wanted.resource
    for pod in pods():
        if (pod.get("spec") or {}).get("nodeName") != node or pod["metadata"].get("namespace") != wanted.namespace:
            continue
        if (kind, wanted.name) in set(names(pod)):
            return True, ""
    return False, f"no relationship found between node '{node}' and this object"


def names(pod: Object) -> Iterator[tuple[str, str]]:
    """What a Pod needs, as (resource, name)."""
    spec = pod["spec"]
    yield "serviceaccounts", spec.get("serviceAccountName", "")
    for reference in spec.get("imagePullSecrets") or ():
        yield "secrets", reference.get("name", "")
    for volume in spec.get("volumes") or ():
        for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if secret := part.get("secret"):
                yield "secrets", secret.get("secretName") or secret.get("name", "")
            if config_map := part.get("configMap"):
                yield "configmaps", config_map.get("name", "")
        if claim := volume.get("persistentVolumeClaim"):
            yield "persistentvolumeclaims", claim.get("claimName", "")
        if volume.get("ephemeral"):
            yield "persistentvolumeclaims", f"{pod['metadata']['name']}-{volume['name']}"
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(name) or ():
            yield from _environment(container)


def _environment(container: Object) -> Iterator[tuple[str, str]]:
    sources = [
        *(container.get("envFrom") or ()),
        *(entry.get("valueFrom") or {} for entry in container.get("env") or ()),
    ]
    for source in sources:
        for key, resource in (
            ("secretRef", "secrets"),
            ("secretKeyRef", "secrets"),
            ("configMapRef", "configmaps"),
            ("configMapKeyRef", "configmaps"),
        ):
            if source.get(key):
                yield resource, source[key].get("name", "")
