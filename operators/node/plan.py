"""What the Node object of a machine says apart from its status (pure)."""

from __future__ import annotations

from operators._kube import conditions, meta
from operators._kube.actions import Action, Create, Patch
from operators._kube.meta import Object
from operators.node.facts import Machine

POD_NETWORK = "10.244.0.0/22"

_PREFIX = "node.kubernetes.io/"
# (condition, its status) -> taint that keeps new Pods away; see "Taint Nodes by Condition".
_TAINTS = {
    ("Ready", "False"): "not-ready",
    ("Ready", "Unknown"): "unreachable",
    ("MemoryPressure", "True"): "memory-pressure",
    ("DiskPressure", "True"): "disk-pressure",
    ("PIDPressure", "True"): "pid-pressure",
    ("NetworkUnavailable", "True"): "network-unavailable",
}
_UNSCHEDULABLE = "unschedulable"


def labels(name: str, machine: Machine) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node-role.kubernetes.io/control-plane": "",
    }


def registration(name: str, machine: Machine, node: Object | None) -> list[Action]:
    """Create the Node, or give back what is ours of it; what others added stays."""
    wanted = labels(name, machine)
    if node is None:
        metadata = {"name": name, "labels": wanted}
        spec = {"podCIDR": POD_NETWORK, "podCIDRs": [POD_NETWORK]}
        return [Create("v1", "nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec})]
    change: Object = {}
    have = meta.labels_of(node)
    if missing := {label: value for label, value in wanted.items() if have.get(label) != value}:
        change["metadata"] = {"labels": missing}
    if not (node.get("spec") or {}).get("podCIDR"):
        change["spec"] = {"podCIDR": POD_NETWORK, "podCIDRs": [POD_NETWORK]}
    return [Patch("v1", "nodes", "", name, change)] if change else []


def tainting(node: Object) -> list[Action]:
    """Make the NoSchedule taints follow the conditions and `spec.unschedulable`; taints that others set stay."""
    spec = node.get("spec") or {}
    states = {(condition["type"], condition["status"]) for condition in conditions.of(node)}
    wanted = [name for state, name in _TAINTS.items() if state in states]
    wanted += [_UNSCHEDULABLE] if spec.get("unschedulable") else []
    have = spec.get("taints") or []
    others = [taint for taint in have if not _is_ours(taint)]
    taints = [*others, *({"key": f"{_PREFIX}{name}", "effect": "NoSchedule"} for name in wanted)]
    if {taint["key"] for taint in have if _is_ours(taint)} == {f"{_PREFIX}{name}" for name in wanted}:
        return []
    # The list is written as a whole: not over a taint that was added meanwhile.
    guard = {"resourceVersion": node["metadata"]["resourceVersion"]}
    return [Patch("v1", "nodes", "", meta.name_of(node), {"metadata": guard, "spec": {"taints": taints or None}})]


def _is_ours(taint: Object) -> bool:
    names = {*_TAINTS.values(), _UNSCHEDULABLE}
    return taint.get("effect") == "NoSchedule" and taint.get("key", "").removeprefix(_PREFIX) in names
