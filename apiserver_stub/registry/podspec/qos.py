"""Quality of service classes (Kubernetes page "Pod Quality of Service Classes")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.schema import quantity

_COUNTED = ("cpu", "memory")


def of(spec: Mapping[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort."""
    if spec.get("resources"):
        groups = [spec["resources"]]
    else:
        containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
        groups = [container.get("resources") or {} for container in containers]
    asked = [(_positive(group.get("requests")), _positive(group.get("limits"))) for group in groups]
    if not any(requests or limits for requests, limits in asked):
        return "BestEffort"
    if all(set(limits) == set(_COUNTED) and requests == limits for requests, limits in asked):
        return "Guaranteed"
    return "Burstable"


def _positive(amounts: Mapping[str, str] | None) -> dict[str, Any]:
    values = {name: quantity.parse(text) for name, text in (amounts or {}).items() if name in _COUNTED}
    return {name: value for name, value in values.items() if value > 0}
