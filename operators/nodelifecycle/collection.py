"""Which Pods nobody will ever end or remove: they are deleted for good (pure).

See the Kubernetes page "Pod Lifecycle", section "Garbage collection of Pods".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from operators._kube import conditions, meta
from operators._kube.meta import Key, Object
from operators.nodelifecycle.eviction import has_ended

#: How long a Node must have been gone: it may only have been made anew.
QUARANTINE = timedelta(seconds=40)
#: As many Pods that have ended are kept.
KEPT = 12_500
_GONE = ("DisruptionTarget", "DeletionByPodGC", "PodGC: node no longer exists")
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


def is_stuck(pod: Object, node: Object | None) -> bool:
    """A Pod that is being deleted, and that no kubelet lets go: it was never bound, or its Node is out of service."""
    if not meta.is_deleting(pod):
        return False
    if not pod["spec"].get("nodeName"):
        return True
    taints = ((node or {}).get("spec") or {}).get("taints") or ()
    is_out = any(taint["key"] == _OUT_OF_SERVICE for taint in taints)
    return node is not None and is_out and not conditions.is_true(conditions.of(node), "Ready")


def is_let_go(pod: Object) -> bool:
    """Whether all that can be done is done: others' finalizers keep it."""
    return meta.is_deleting(pod) and meta.metadata(pod).get("deletionGracePeriodSeconds") == 0 and has_ended(pod)


def surplus(pods: Iterable[Object], kept: int = KEPT) -> list[Key]:
    """Of the Pods that have ended, those that are too many: evicted ones first, then the oldest."""
    ended = [pod for pod in pods if has_ended(pod)]
    if len(ended) <= kept:
        return []
    return [meta.key_of(pod) for pod in sorted(ended, key=_order)[: len(ended) - kept]]


def failed(pod: Object, now: datetime, *, is_orphan: bool) -> Object:
    """Its status once it is given up: Failed, so that its controller counts it; where its Node is gone it says so."""
    status = pod.get("status") or {}
    if has_ended(pod):
        return status
    changed = {**status, "phase": "Failed"}
    if is_orphan:
        type_, reason, message = _GONE
        condition = conditions.make(type_, True, reason, message)
        if generation := meta.generation_of(pod):
            condition["observedGeneration"] = generation
        changed["conditions"] = conditions.put(conditions.of(pod), condition, now)
    return changed


def _order(pod: Object) -> tuple[bool, str, Key]:
    was_evicted = (pod.get("status") or {}).get("reason") == "Evicted"
    return not was_evicted, meta.metadata(pod).get("creationTimestamp") or "", meta.key_of(pod)
