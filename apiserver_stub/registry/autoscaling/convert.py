"""HorizontalPodAutoscaler v1 and v2; v2 is stored. What v1 has no fields for travels in annotations."""

from __future__ import annotations

from typing import Any, Final

import orjson

from apiserver_stub.registry.autoscaling import behavior, defaults, metrics

Object = dict[str, Any]

_PREFIX: Final = "autoscaling.alpha.kubernetes.io/"
METRICS: Final = f"{_PREFIX}metrics"
CURRENT_METRICS: Final = f"{_PREFIX}current-metrics"
CONDITIONS: Final = f"{_PREFIX}conditions"
BEHAVIOR: Final = f"{_PREFIX}behavior"
# No version shows these but as what they stand for.
CARRIERS: Final = (METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR)
_SHARED_STATUS: Final = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")


def without_carriers(obj: Object) -> Object:
    """The metadata without the annotations that stand for fields."""
    meta = obj.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    if not any(name in annotations for name in CARRIERS):
        return meta
    kept = {name: value for name, value in annotations.items() if name not in CARRIERS}
    rest = {name: value for name, value in meta.items() if name != "annotations"}
    return rest | {"annotations": kept} if kept else rest


def to_stored(obj: Object) -> Object:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return {
        **obj,
        "metadata": without_carriers(obj),
        "spec": _spec_to_v2(obj.get("spec") or {}, annotations),
        "status": _status_to_v2(obj.get("status") or {}, annotations),
    }


def _spec_to_v2(spec: Object, annotations: Object) -> Object:
    percent = spec.get("targetCPUUtilizationPercentage")
    wanted = [] if percent is None else [defaults.cpu_metric(percent)]
    wanted += metrics.specs_from_v1(annotations.get(METRICS)) or []
    out = {name: value for name, value in spec.items() if name != "targetCPUUtilizationPercentage"}
    out["metrics"] = wanted or [defaults.cpu_metric(defaults.CPU_PERCENT)]
    scaling = behavior.from_text(annotations.get(BEHAVIOR))
    return out | {"behavior": scaling} if scaling else out


def _status_to_v2(status: Object, annotations: Object) -> Object:
    out = {name: status[name] for name in _SHARED_STATUS if name in status}
    if not out.get("currentReplicas"):
        out.pop("currentReplicas", None)
    current = metrics.statuses_from_v1(annotations.get(CURRENT_METRICS))
    percent = status.get("currentCPUUtilizationPercentage")
    if current is None and percent is not None:
        value = {"averageUtilization": percent}
        current = [{"type": "Resource", "resource": {"name": "cpu", "current": value}}]
    conditions = metrics.conditions_from_v1(annotations.get(CONDITIONS))
    return out | {"currentMetrics": current or None} | ({"conditions": conditions} if conditions else {})


def from_stored(obj: Object) -> Object:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    shown = {name: spec[name] for name in ("scaleTargetRef", "minReplicas", "maxReplicas") if name in spec}
    percent = _cpu_percent(spec)
    if percent is not None:
        shown["targetCPUUtilizationPercentage"] = percent
    carried = _carried(spec, status)
    meta = without_carriers(obj)
    if carried:
        meta = meta | {"annotations": (meta.get("annotations") or {}) | carried}
    return {**obj, "metadata": meta, "spec": shown, "status": _status_to_v1(status)}


def _status_to_v1(status: Object) -> Object:
    out = {"currentReplicas": 0, "desiredReplicas": 0}
    out |= {name: status[name] for name in _SHARED_STATUS if name in status}
    for metric in status.get("currentMetrics") or ():
        percent = ((metric.get("resource") or {}).get("current") or {}).get("averageUtilization")
        if _is_cpu(metric) and percent is not None:
            out["currentCPUUtilizationPercentage"] = percent
    return out


def _cpu_percent(spec: Object) -> int | None:
    """Only the first metric about the CPU counts."""
    for metric in spec.get("metrics") or ():
        if _is_cpu(metric):
            found: int | None = _utilization(metric)
            return found
    return None


def _is_cpu(metric: Object) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


def _utilization(metric: Object) -> Any:
    return ((metric.get("resource") or {}).get("target") or {}).get("averageUtilization")


def _carried(spec: Object, status: Object) -> Object:
    """The annotations that v1 needs."""
    others = [m for m in spec.get("metrics") or () if not (_is_cpu(m) and _utilization(m) is not None)]
    out = {}
    if others:
        out[METRICS] = _text(metrics.specs_to_v1(others))
    if status.get("currentMetrics"):
        out[CURRENT_METRICS] = _text(metrics.statuses_to_v1(status["currentMetrics"]))
    if status.get("conditions"):
        out[CONDITIONS] = _text(metrics.conditions_to_v1(status["conditions"]))
    if spec.get("behavior"):
        out[BEHAVIOR] = _text(behavior.to_go(spec["behavior"]))
    return out


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
