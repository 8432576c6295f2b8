"""What is said about a Node by others than itself: its role, its taints, its TTL (pure)."""

from __future__ import annotations

from operators._kube import conditions, meta
from operators._kube.actions import Action, Patch
from operators._kube.meta import Object

# A node may not give itself a role; the one machine has this one.
ROLE = "node-role.kubernetes.io/control-plane"

# How long kubelets may keep Secrets and ConfigMaps before they ask again, by the number of Nodes.
TTL = "node.alpha.kubernetes.io/ttl"
_SECONDS = ((100, 0), (500, 15), (1000, 30), (2000, 60))
_LONGEST = 300

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


def role(node: Object) -> list[Action]:
    """Gives the Node its role back, where it lacks it."""
    if ROLE in meta.labels_of(node):
        return []
    return [Patch("v1", "nodes", "", meta.name_of(node), {"metadata": {"labels": {ROLE: ""}}})]


def ttl(node: Object, count: int) -> list[Action]:
    """The annotation that upstream's ttl-controller writes; the more Nodes, the longer. count: Nodes there are."""
    wanted = str(next((seconds for size, seconds in _SECONDS if count <= size), _LONGEST))
    if meta.annotations_of(node).get(TTL) == wanted:
        return []
    return [Patch("v1", "nodes", "", meta.name_of(node), {"metadata": {"annotations": {TTL: wanted}}})]


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
