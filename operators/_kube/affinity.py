"""nodeSelector and required node affinity: is a node one that the Pod asks for?"""

from __future__ import annotations

from typing import Any

from operators._kube import meta, nodeselectors


def matches(pod: dict[str, Any], node: dict[str, Any]) -> bool:
    """True if the node has all labels of nodeSelector and satisfies one of the required terms, if there are any."""
    labels = meta.labels_of(node)
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return nodeselectors.matches(required, node)
