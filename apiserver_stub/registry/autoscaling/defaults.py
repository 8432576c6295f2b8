"""Defaults of HorizontalPodAutoscalers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Object = dict[str, Any]

# Percent of its request that a Pod's CPU use is aimed at when nothing else is asked for.
CPU_PERCENT: Final = 80


def cpu_metric(percent: int) -> Object:
    """The one metric that v1 has a field for, as v2 spells it."""
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _policy(kind: str, value: int) -> Object:
    return {"type": kind, "value": value, "periodSeconds": 15}


def _spec(spec: Object) -> None:
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [cpu_metric(CPU_PERCENT)]


def _behavior(behavior: Object) -> None:
    """Once one direction is described, both are complete."""
    up, down = behavior.setdefault("scaleUp", {}), behavior.setdefault("scaleDown", {})
    up.setdefault("stabilizationWindowSeconds", 0)
    for rules, policies in ((up, [_policy("Pods", 4), _policy("Percent", 100)]), (down, [_policy("Percent", 100)])):
        rules.setdefault("selectPolicy", "Max")
        rules.setdefault("policies", policies)


def _v1_spec(spec: Object) -> None:
    spec.setdefault("minReplicas", 1)


TABLE: Final[Mapping[str, Callable[[Object], None]]] = {
    "autoscaling.v1.HorizontalPodAutoscalerSpec": _v1_spec,
    "autoscaling.v2.HorizontalPodAutoscalerBehavior": _behavior,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": _spec,
}
