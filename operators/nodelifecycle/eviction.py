"""When a Pod must leave a Node because of its NoExecute taints (pure).

See the Kubernetes page "Taints and Tolerations", section "Taint based Evictions".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from operators._kube import conditions, meta
from operators._kube import taints as tolerations_of
from operators._kube.meta import Object, Objects
from operators.nodelifecycle import plan

REASON = "TaintManagerEviction"
CONDITION = ("DisruptionTarget", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")


def forcing(node: Object | None) -> Objects:
    """The Node's taints that drive Pods away."""
    taints = ((node or {}).get("spec") or {}).get("taints") or ()
    return [taint for taint in taints if taint.get("effect") == "NoExecute"]


def leaving(pod: Object, taints: Sequence[Object], since: datetime) -> datetime | None:
    """When the Pod must go; None: it may stay. since: when it was first seen on the Node with such taints."""
    tolerations = pod["spec"].get("tolerations") or ()
    seconds: list[int] = []
    for taint in taints:
        found = next((t for t in tolerations if tolerations_of.tolerates(t, taint)), None)
        if found is None:
            return since
        if found.get("tolerationSeconds") is not None:
            seconds.append(max(int(found["tolerationSeconds"]), 0))
    return since + timedelta(seconds=min(seconds)) if seconds else None


def has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def marked(pod: Object, now: datetime) -> Object:
    """Its status with the condition that says why it is deleted."""
    type_, reason, message = CONDITION
    condition = conditions.make(type_, True, reason, message)
    if generation := meta.generation_of(pod):
        condition["observedGeneration"] = generation
    status = pod.get("status") or {}
    return {**status, "conditions": conditions.put(conditions.of(pod), condition, now)}


def kept(obj: Object) -> Object:
    """What is remembered of Nodes and Pods: the little that is decided by."""
    spec, status, metadata = obj.get("spec") or {}, obj.get("status") or {}, obj.get("metadata") or {}
    fields: Iterable[str] = ("nodeName", "tolerations", "taints", "unschedulable")
    small = {name: value for name, value in metadata.items() if name not in ("managedFields", "annotations")}
    if plan.TTL in (metadata.get("annotations") or {}):
        small["annotations"] = {plan.TTL: metadata["annotations"][plan.TTL]}
    result: Object = {name: obj[name] for name in ("apiVersion", "kind") if name in obj}
    result["metadata"] = small
    result["spec"] = {name: spec[name] for name in fields if name in spec}
    result["status"] = {name: status[name] for name in ("phase", "reason", "conditions") if name in status}
    return result
