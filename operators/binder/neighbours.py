"""Affinity and anti-affinity between Pods, the required ones: may a Pod stand where others do? (pure).

See the Kubernetes page "Assigning Pods to Nodes", section "Inter-pod affinity and anti-affinity".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operators._kube import meta, selectors
from operators._kube.meta import Object
from operators.binder.cluster import Cluster, Refusal, is_other

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_AFFINITY = Refusal(("node(s) didn't match pod affinity rules",), final=True)
_ANTI_AFFINITY = Refusal(("node(s) didn't match pod anti-affinity rules",), final=False)
_OF_OTHERS = Refusal(("node(s) didn't satisfy existing pods anti-affinity rules",), final=False)

Namespaces = Mapping[str, Mapping[str, str]]


def terms(pod: Object, kind: str) -> list[Object]:
    """`kind`: "podAffinity" or "podAntiAffinity"."""
    return ((pod["spec"].get("affinity") or {}).get(kind) or {}).get(_REQUIRED) or []


def asks_for_namespaces(pod: Object) -> bool:
    """Whether the labels of namespaces matter to the Pod's terms."""
    return any(
        not selectors.is_empty(term.get("namespaceSelector"))
        for kind in ("podAffinity", "podAntiAffinity")
        for term in terms(pod, kind)
    )


def refused(pod: Object, node: Object, cluster: Cluster) -> Refusal | None:
    """Why the Pod may not join, or must not leave, those that are there; None if it may come."""
    affine, hostile = terms(pod, "podAffinity"), terms(pod, "podAntiAffinity")
    labels = meta.labels_of(node)
    if affine and not _is_drawn(pod, affine, labels, cluster):
        return _AFFINITY
    for term in hostile:
        if any(_selects(term, pod, other, cluster.namespaces) for other in _near(term, labels, cluster, pod)):
            return _ANTI_AFFINITY
    for other, place in cluster.placed():
        for term in terms(other, "podAntiAffinity"):
            is_near = _shares(term["topologyKey"], meta.labels_of(place), labels)
            if is_near and is_other(pod, other) and _selects(term, other, pod, cluster.namespaces):
                return _OF_OTHERS
    return None


def _is_drawn(pod: Object, affine: list[Object], labels: Mapping[str, str], cluster: Cluster) -> bool:
    """Whether Pods that satisfy all terms at once are near; the first of a group that wants itself goes anywhere."""
    if any(term["topologyKey"] not in labels for term in affine):
        return False
    wanted = [
        (other, place)
        for other, place in cluster.placed()
        if is_other(pod, other) and all(_selects(term, pod, other, cluster.namespaces) for term in affine)
    ]
    if all(any(_shares(t["topologyKey"], meta.labels_of(place), labels) for _, place in wanted) for t in affine):
        return True
    somewhere = any(term["topologyKey"] in meta.labels_of(place) for _, place in wanted for term in affine)
    return not somewhere and all(_selects(term, pod, pod, cluster.namespaces) for term in affine)


def _near(term: Object, labels: Mapping[str, str], cluster: Cluster, pod: Object) -> Iterator[Object]:
    for other, place in cluster.placed():
        if _shares(term["topologyKey"], meta.labels_of(place), labels) and is_other(pod, other):
            yield other


def _shares(key: str, left: Mapping[str, str], right: Mapping[str, str]) -> bool:
    return key in left and left[key] == right.get(key)


def _selects(term: Object, owner: Object, other: Object, namespaces: Namespaces) -> bool:
    """Whether a term of the Pod `owner` means the Pod `other`."""
    where = meta.namespace_of(other)
    named, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    if not named and selector is None:
        if where != meta.namespace_of(owner):
            return False
    elif where not in named and not selectors.matches(selector, namespaces.get(where, {})):
        return False
    return selectors.matches(merged(term, owner), meta.labels_of(other))


def merged(term: Mapping[str, Any], owner: Object) -> Object | None:
    """The label selector, with what matchLabelKeys and mismatchLabelKeys add from the Pod's own labels."""
    selector, labels = term.get("labelSelector"), meta.labels_of(owner)
    keys = [(key, "In") for key in term.get("matchLabelKeys") or ()]
    keys += [(key, "NotIn") for key in term.get("mismatchLabelKeys") or ()]
    more = [{"key": key, "operator": how, "values": [labels[key]]} for key, how in keys if key in labels]
    if selector is None or not more:
        return selector
    return {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *more]}
