"""A DaemonSet's Pod for a Node, and which Nodes get one (pure). See the Kubernetes page "DaemonSet"."""

from __future__ import annotations

import copy

from operators._kube import affinity, meta, taints
from operators._kube.meta import Object
from operators._workloads import template as templates

HASH = "controller-revision-hash"
GENERATION = "pod-template-generation"
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_NODE = "node.kubernetes.io/"
_ENDURED = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)


def pod(set_: Object, node: Object, code: str) -> Object:
    """The Pod for one Node: the scheduler's affinity is bound to it. `code`: hash of the template's revision."""
    made = copy.deepcopy(templates.pod(set_))
    labels = {**(made["metadata"].get("labels") or {}), HASH: code}
    if generation := template_generation(set_):
        labels[GENERATION] = generation
    made["metadata"]["labels"] = labels
    spec = made["spec"]
    spec["affinity"] = _bound(spec.get("affinity") or {}, meta.name_of(node))
    spec["tolerations"] = _tolerations(spec)
    return made


def template_generation(set_: Object) -> str:
    return meta.annotations_of(set_).get(_TEMPLATE_GENERATION, "")


def wants(set_: Object, node: Object) -> tuple[bool, bool]:
    """Whether a Pod of the set is to be made on the Node; whether one that is there may stay."""
    given = set_["spec"]["template"]["spec"]
    named = given.get("nodeName")
    if named and named != meta.name_of(node):
        return False, False
    probe = {"spec": {**given, "tolerations": _tolerations(given)}}
    if not affinity.matches(probe, node):
        return False, False
    if not taints.tolerated(probe, node):
        return False, taints.tolerated(probe, node, ("NoExecute",))
    return True, True


def node_of(pod_: Object) -> str:
    """The Node that a Pod is on, or is meant for."""
    spec = pod_["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    wish = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    for term in (wish or {}).get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("operator") == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""


def slim(obj: Object) -> Object:
    """What the cache keeps of Pods: what this operator looks at."""
    if obj.get("kind") != "Pod":
        return obj
    spec = obj["spec"]
    kept = {name: spec[name] for name in ("nodeName", "affinity") if spec.get(name)}
    return {**obj, "spec": kept}


def _bound(given: Object, node: str) -> Object:
    """The affinity with every required term replaced by the Node's name, which the set has checked the others for."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    to_node = {**(given.get("nodeAffinity") or {})}
    to_node["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [term]}
    return {**given, "nodeAffinity": to_node}


def _tolerations(spec: Object) -> list[Object]:
    endured = [*_ENDURED, *((("network-unavailable", "NoSchedule"),) if spec.get("hostNetwork") else ())]
    own = list(spec.get("tolerations") or ())
    added = [{"key": _NODE + key, "operator": "Exists", "effect": effect} for key, effect in endured]
    return own + [toleration for toleration in added if toleration not in own]
