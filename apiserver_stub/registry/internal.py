"""Objects as upstream holds them inside: what Tables and metadata-only answers are made from, whatever the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver_stub.registry.autoscaling import convert as autoscaling

Object = dict[str, Any]

_TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"


def _daemon_set(obj: Object) -> Object:
    """Inside, the annotation is a field of the spec."""
    meta = obj["metadata"]
    annotations = {k: v for k, v in (meta.get("annotations") or {}).items() if k != _TEMPLATE_GENERATION}
    rest = {name: value for name, value in meta.items() if name != "annotations"}
    return obj | {"metadata": rest | {"annotations": annotations} if annotations else rest}


# By apiVersion and kind.
_INSIDE: Final[Mapping[tuple[Any, Any], Callable[[Object], Object]]] = {
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("autoscaling/v1", "HorizontalPodAutoscaler"): autoscaling.to_stored,
}


def internal(obj: Object) -> Object:
    """obj: with kind and apiVersion, which stay as they are; it is not changed."""
    change = _INSIDE.get((obj.get("apiVersion"), obj.get("kind")))
    return change(obj) if change else obj
