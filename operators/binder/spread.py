"""Topology spread constraints that must hold: would the Pod make one domain too full? (pure).

See the Kubernetes page "Pod Topology Spread Constraints".
"""

from __future__ import annotations

from collections.abc import Iterable

from operators._kube import affinity, meta, selectors, taints
from operators._kube.meta import Object
from operators.binder import neighbours
from operators.binder.cluster import Cluster, Refusal, is_other

_UNEVEN = "node(s) didn't match pod topology spread constraints"
_CROWDED = Refusal((_UNEVEN,), final=False)
_UNLABELLED = Refusal((f"{_UNEVEN} (missing required label)",), final=True)


def refused(pod: Object, node: Object, cluster: Cluster) -> Refusal | None:
    """The first constraint with whenUnsatisfiable DoNotSchedule that the Pod would break on the node."""
    binding = [
        constraint
        for constraint in pod["spec"].get("topologySpreadConstraints") or ()
        if constraint.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
    ]
    labels = meta.labels_of(node)
    for constraint in binding:
        key = constraint["topologyKey"]
        if key not in labels:
            return _UNLABELLED
        selector = neighbours.merged(constraint, pod)
        counts = _counts(pod, constraint, selector, [c["topologyKey"] for c in binding], cluster)
        least = min(counts.values(), default=0)
        if len(counts) < (constraint.get("minDomains") or 1):
            least = 0
        itself = 1 if selectors.matches(selector, meta.labels_of(pod)) else 0
        if counts.get(labels[key], 0) + itself - least > constraint["maxSkew"]:
            return _CROWDED
    return None


def _counts(
    pod: Object, constraint: Object, selector: Object | None, keys: Iterable[str], cluster: Cluster
) -> dict[str, int]:
    """By value of the constraint's topology key: how many of the selected Pods are there."""
    counts: dict[str, int] = {}
    for name, node in cluster.nodes.items():
        labels = meta.labels_of(node)
        if any(key not in labels for key in keys) or not _counts_for(pod, node, constraint):
            continue
        found = sum(1 for other in cluster.on(name) if _is_counted(pod, other, selector))
        domain = labels[constraint["topologyKey"]]
        counts[domain] = counts.get(domain, 0) + found
    return counts


def _counts_for(pod: Object, node: Object, constraint: Object) -> bool:
    """Nodes where the Pod could never be are no domains; taints count only where that is asked for."""
    if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not affinity.matches(pod, node):
        return False
    return constraint.get("nodeTaintsPolicy", "Ignore") == "Ignore" or taints.tolerated(pod, node)


def _is_counted(pod: Object, other: Object, selector: Object | None) -> bool:
    return (
        meta.namespace_of(other) == meta.namespace_of(pod)
        and is_other(pod, other)
        and not meta.is_deleting(other)
        and selectors.matches(selector, meta.labels_of(other))
    )
