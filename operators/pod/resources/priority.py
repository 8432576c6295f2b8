"""Which Pods the node cannot do without (pure)."""

from operators.pod.sources import Object

SYSTEM_CRITICAL = 2_000_000_000
_STATIC = ("kubernetes.io/config.source", "kubernetes.io/config.mirror")


def of(pod: Object) -> int:
    return int(pod["spec"].get("priority") or 0)


def is_static(pod: Object) -> bool:
    """A Pod of a manifest on the node, or its mirror in the API."""
    annotations = pod["metadata"].get("annotations") or {}
    source = annotations.get(_STATIC[0])
    return (source is not None and source != "api") or _STATIC[1] in annotations


def is_critical(pod: Object) -> bool:
    """It is never evicted for want of something: static Pods, their mirrors, Pods of system-critical priority."""
    return is_static(pod) or of(pod) >= SYSTEM_CRITICAL


def is_node_critical(pod: Object) -> bool:
    return is_critical(pod) and pod["spec"].get("priorityClassName") == "system-node-critical"


def is_preemptable_by(pod: Object, other: Object) -> bool:
    """Whether `other` may take this Pod's place on the node."""
    if is_critical(other) and not is_critical(pod):
        return True
    return "priority" in pod["spec"] and "priority" in other["spec"] and of(other) > of(pod)
