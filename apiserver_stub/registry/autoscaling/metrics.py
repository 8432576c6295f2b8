"""Metrics, their present values and conditions as v1's annotations hold them: v2beta1's flat shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from apiserver_stub.registry.autoscaling import checked

Object = dict[str, Any]
_Part = Callable[[Object, str], Object]

# Sources in the order of the struct's fields.
_SOURCES: Final = ("object", "pods", "resource", "containerResource", "external")
_CONDITION: Final[tuple[str, ...]] = ("type", "status", "lastTransitionTime", "reason", "message")


def specs_to_v1(items: list[Object]) -> list[Object]:
    return [_to_v1(item, "target") for item in items]


def statuses_to_v1(items: list[Object]) -> list[Object]:
    return [_to_v1(item, "current") for item in items]


def conditions_to_v1(items: list[Object]) -> list[Object]:
    out = []
    for item in items:
        shown = {name: item[name] for name in _CONDITION if item.get(name)}
        shown.setdefault("lastTransitionTime", None)
        out.append({name: shown[name] for name in _CONDITION if name in shown})
    return out


def specs_from_v1(text: str | None) -> list[Object] | None:
    """v2's metrics; None for an annotation that is missing or holds something else."""
    return checked.many("MetricSpec", _from_v1(text, "target"))


def statuses_from_v1(text: str | None) -> list[Object] | None:
    return checked.many("MetricStatus", _from_v1(text, "current"))


def conditions_from_v1(text: str | None) -> list[Object] | None:
    return checked.many("HorizontalPodAutoscalerCondition", _load(text))


def _load(text: str | None) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None


# -- v2 to v1. `member` is "target" in a spec and "current" in a status.


def _to_v1(metric: Object, member: str) -> Object:
    out: Object = {"type": metric.get("type", "")}
    for source in _SOURCES:
        if metric.get(source) is not None:
            part = _TO_V1[source](metric[source], member)
            out[source] = {name: value for name, value in part.items() if value is not None}
    return out


def _values(source: Object, member: str) -> Object:
    found: Object = source.get(member) or {}
    return found


def _object_to_v1(source: Object, member: str) -> Object:
    metric, values = source.get("metric") or {}, _values(source, member)
    target = source.get("describedObject") or {}
    return {
        "target": {name: target[name] for name in ("kind", "name", "apiVersion") if name in target},
        "metricName": metric.get("name", ""),
        f"{member}Value": values.get("value", "0"),
        "selector": metric.get("selector"),
        "averageValue": values.get("averageValue"),
    }


def _pods_to_v1(source: Object, member: str) -> Object:
    metric, values = source.get("metric") or {}, _values(source, member)
    average = values.get("averageValue", "0")
    return {
        "metricName": metric.get("name", ""),
        f"{member}AverageValue": average,
        "selector": metric.get("selector"),
    }


def _resource_to_v1(source: Object, member: str) -> Object:
    values = _values(source, member)
    return {
        "name": source.get("name", ""),
        f"{member}AverageUtilization": values.get("averageUtilization"),
        # A present value is no pointer upstream: it is there even when nobody knows it.
        f"{member}AverageValue": values.get("averageValue", "0" if member == "current" else None),
        "container": source.get("container"),
    }


def _external_to_v1(source: Object, member: str) -> Object:
    metric, values = source.get("metric") or {}, _values(source, member)
    return {
        "metricName": metric.get("name", ""),
        "metricSelector": metric.get("selector"),
        f"{member}Value": values.get("value", "0" if member == "current" else None),
        f"{member}AverageValue": values.get("averageValue"),
    }


_TO_V1: Final[Mapping[str, _Part]] = {
    "object": _object_to_v1,
    "pods": _pods_to_v1,
    "resource": _resource_to_v1,
    "containerResource": _resource_to_v1,
    "external": _external_to_v1,
}


# -- v1 to v2. What does not fit is found by the schema afterwards.


def _from_v1(text: str | None, member: str) -> Any:
    items = _load(text)
    if not isinstance(items, list):
        return None
    return [_metric_from_v1(item, member) for item in items]


def _metric_from_v1(metric: Any, member: str) -> Any:
    if not isinstance(metric, dict):
        return metric
    out: Object = {"type": metric.get("type", "")}
    for source in _SOURCES:
        found = metric.get(source)
        if isinstance(found, dict):
            out[source] = _FROM_V1[source](found, member)
        elif found is not None:
            out[source] = found
    return out


def _target(kind: str, member: str, **values: Any) -> Object:
    found = {name: value for name, value in values.items() if value is not None}
    return {member: {"type": kind} | found if member == "target" else found}


def _identifier(source: Object, selector: str) -> Object:
    return {"metric": {"name": source.get("metricName", ""), "selector": source.get(selector)}}


def _object_from_v1(source: Object, member: str) -> Object:
    average, value = source.get("averageValue"), source.get(f"{member}Value")
    if average is not None and value in ("0", 0):
        value = None
    kind = "Value" if average is None else "AverageValue"
    described = {"describedObject": source.get("target") or {}}
    return described | _identifier(source, "selector") | _target(kind, member, value=value, averageValue=average)


def _pods_from_v1(source: Object, member: str) -> Object:
    average = source.get(f"{member}AverageValue", "0")
    return _identifier(source, "selector") | _target("AverageValue", member, averageValue=average)


def _resource_from_v1(source: Object, member: str) -> Object:
    percent, average = source.get(f"{member}AverageUtilization"), source.get(f"{member}AverageValue")
    kind = "AverageValue" if percent is None else "Utilization"
    named = {name: source[name] for name in ("name", "container") if name in source}
    return named | _target(kind, member, averageUtilization=percent, averageValue=average)


def _external_from_v1(source: Object, member: str) -> Object:
    value, average = source.get(f"{member}Value"), source.get(f"{member}AverageValue")
    kind = "Value" if average is None else "AverageValue"
    return _identifier(source, "metricSelector") | _target(kind, member, value=value, averageValue=average)


_FROM_V1: Final[Mapping[str, _Part]] = {
    "object": _object_from_v1,
    "pods": _pods_from_v1,
    "resource": _resource_from_v1,
    "containerResource": _resource_from_v1,
    "external": _external_from_v1,
}
