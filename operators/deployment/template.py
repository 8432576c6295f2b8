"""Comparing Pod templates: is this ReplicaSet the one that a Deployment's template asks for?"""

from __future__ import annotations

from typing import Any

HASH_LABEL = "pod-template-hash"

# Maps and structs where Kubernetes does not tell "empty" from "not there".
_EMPTY_IS_ABSENT = frozenset({"labels", "annotations", "nodeSelector", "limits", "requests", "resources", "overhead"})


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """True if two Pod templates ask for the same Pods; the pod-template-hash label does not count."""
    return comparable(left) == comparable(right)


def comparable(template: dict[str, Any]) -> dict[str, Any]:
    """A template reduced to what makes a difference to its Pods; equal ones also hash alike."""
    metadata = dict(template.get("metadata") or {})
    labels = dict(metadata.get("labels") or {})
    labels.pop(HASH_LABEL, None)
    metadata["labels"] = labels
    metadata.pop("creationTimestamp", None)
    return {"metadata": _normal(metadata), "spec": _normal(template.get("spec") or {})}


def _normal(value: Any) -> Any:
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    normal = {}
    for key, item in value.items():
        reduced = _normal(item)
        # An empty list is nil to the API's semantic equality; an empty struct often means something (emptyDir: {}).
        if reduced is None or reduced == [] or (reduced == {} and key in _EMPTY_IS_ABSENT):
            continue
        normal[key] = reduced
    return normal
