"""May a Pod run on a node? The scheduler's plug-ins, in their order (pure)."""

from __future__ import annotations

from collections.abc import Collection

from operators._kube import affinity, meta, taints
from operators._kube.meta import Object
from operators.binder import neighbours, ports, resources, spread, volumes
from operators.binder.cluster import Cluster, Refusal, is_other, priority
from operators.binder.volumes import Choice, Needs

_CONFLICT = Refusal(("pod affinity terms conflict",), final=True)
_NOT_NAMED = Refusal(("node(s) didn't satisfy plugin(s) [NodeAffinity]",), final=True)


def conflict(pod: Object) -> Refusal | None:
    """Node affinity that names nodes by matchFields and contradicts itself."""
    return _CONFLICT if _named(pod) == set() else None


def refused(pod: Object, node: Object, cluster: Cluster, needs: Needs) -> Refusal | None:
    """The first obstacle, with and without those Pods for which room is being made on the node."""
    name = meta.name_of(node)
    ahead = [
        other for other in cluster.nominated.get(name, ()) if is_other(pod, other) and priority(other) >= priority(pod)
    ]
    if ahead:
        fuller = cluster.having(name, [*cluster.on(name), *ahead])
        if found := _refused(pod, node, fuller, needs):
            return found
    return _refused(pod, node, cluster, needs)


def choice(node: Object, cluster: Cluster, needs: Needs) -> Choice:
    """What is to be done for the Pod's claims on the node."""
    return volumes.choose(needs, node, cluster.storage) if cluster.storage is not None else Choice()


def _refused(pod: Object, node: Object, cluster: Cluster, needs: Needs) -> Refusal | None:
    others = cluster.on(meta.name_of(node))
    return (
        _by_node(pod, node)
        or _by_room(pod, node, others)
        or _by_volumes(pod, node, cluster, needs)
        or spread.refused(pod, node, cluster)
        or neighbours.refused(pod, node, cluster)
    )


def _by_node(pod: Object, node: Object) -> Refusal | None:
    named = _named(pod)
    if named is not None and meta.name_of(node) not in named:
        return _NOT_NAMED
    if (node.get("spec") or {}).get("unschedulable") and not taints.allows_cordoned(pod):
        return Refusal(("node(s) were unschedulable",), final=True)
    if not taints.tolerated(pod, node):
        return Refusal(("node(s) had untolerated taint(s)",), final=True)
    if not affinity.matches(pod, node):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",), final=True)
    return None


def _by_room(pod: Object, node: Object, others: Collection[Object]) -> Refusal | None:
    if ports.conflict(pod, others):
        return Refusal(("node(s) didn't have free ports for the requested pod ports",), final=False)
    reasons, hopeless = resources.lacking(pod, node, others)
    return Refusal(tuple(reasons), final=hopeless) if reasons else None


def _by_volumes(pod: Object, node: Object, cluster: Cluster, needs: Needs) -> Refusal | None:
    if cluster.storage is None:
        return None
    everywhere = [other for other, _ in cluster.placed()]
    if why := volumes.in_use(pod, everywhere, cluster.storage):
        return Refusal((why,), final=False)
    reason = volumes.choose(needs, node, cluster.storage).reason
    return Refusal((reason,), final=True) if reason else None


def _named(pod: Object) -> set[str] | None:
    """The nodes that required affinity names by matchFields in each of its terms; None where some term names none."""
    required = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    names: set[str] | None = None
    for term in (required or {}).get("nodeSelectorTerms") or ():
        lists = [
            set(field.get("values") or ())
            for field in term.get("matchFields") or ()
            if field["key"] == "metadata.name" and field["operator"] == "In"
        ]
        if not lists:
            return None
        names = (names or set()) | set.intersection(*lists)
    return names
