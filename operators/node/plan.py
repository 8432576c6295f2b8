"""What the Node object of a machine says apart from its status (pure)."""

from __future__ import annotations

from operators._kube import meta
from operators._kube.actions import Action, Create, Patch
from operators._kube.meta import Object
from operators.node.facts import Machine

POD_NETWORK = "10.244.0.0/22"


def labels(name: str, machine: Machine) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }


# Says that this kubelet leaves attaching of volumes to a controller, as all do.
ATTACHING = "volumes.kubernetes.io/controller-managed-attach-detach"


def registration(name: str, machine: Machine, node: Object | None) -> list[Action]:
    """Create the Node, or give back what is ours of it; what others added stays."""
    wanted = labels(name, machine)
    if node is None:
        metadata = {"name": name, "labels": wanted, "annotations": {ATTACHING: "true"}}
        spec = {"podCIDR": POD_NETWORK, "podCIDRs": [POD_NETWORK]}
        return [Create("v1", "nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec})]
    change: Object = {}
    have = meta.labels_of(node)
    if missing := {label: value for label, value in wanted.items() if have.get(label) != value}:
        change["metadata"] = {"labels": missing}
    if (node["metadata"].get("annotations") or {}).get(ATTACHING) != "true":
        change.setdefault("metadata", {})["annotations"] = {ATTACHING: "true"}
    if not (node.get("spec") or {}).get("podCIDR"):
        change["spec"] = {"podCIDR": POD_NETWORK, "podCIDRs": [POD_NETWORK]}
    return [Patch("v1", "nodes", "", name, change)] if change else []
