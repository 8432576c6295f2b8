"""The rules of a ClusterRole that gathers those of others (pure).

See the Kubernetes page "Using RBAC Authorization", "Aggregated ClusterRoles".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operators._kube import meta, selectors
from operators._kube.meta import Object


def aggregates(role: Object) -> bool:
    return bool(role.get("aggregationRule"))


def rules(role: Object, others: Sequence[Object]) -> list[dict[str, Any]]:
    """The rules of all roles that one of its selectors chooses, each rule once: by selector, then by name."""
    found: list[dict[str, Any]] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        chosen = (other for other in others if selectors.matches(selector, meta.labels_of(other)))
        for other in sorted(chosen, key=meta.name_of):
            if meta.name_of(other) != meta.name_of(role):
                found += [rule for rule in other.get("rules") or () if rule not in found]
    return found
