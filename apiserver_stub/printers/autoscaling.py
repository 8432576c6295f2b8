"""Cells of HorizontalPodAutoscalers (v2, and v1 with its metrics in annotations)."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import orjson

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNKNOWN, UNSET

_SHOWN: Final = 2
_ANNOTATION: Final = "autoscaling.alpha.kubernetes.io/"
# The member of a metric that holds its source, by the metric's type.
_SOURCES: Final = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def horizontal_pod_autoscaler(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, target = cells.part(obj, "spec"), cells.part(obj, "spec", "scaleTargetRef")
    least = spec.get("minReplicas")
    return [
        cells.text(obj, "metadata", "name"),
        f"{target.get('kind')}/{target.get('name')}",
        _metrics(obj),
        UNSET if least is None else str(least),
        cells.number(spec, "maxReplicas"),
        cells.number(obj, "status", "currentReplicas"),
        cells.age(obj, now),
    ]


def _metrics(obj: JSON) -> str:
    wanted = cells.part(obj, "spec").get("metrics") or _v1_metrics(obj)
    current = cells.part(obj, "status").get("currentMetrics") or _v1_current(obj)
    if not wanted:
        return NONE
    shown = [_metric(metric, current[at] if at < len(current) else {}) for at, metric in enumerate(wanted)]
    return cells.shortened(shown, ", ", _SHOWN)


def _metric(metric: JSON, current: JSON) -> str:
    source = _SOURCES.get(metric.get("type") or "")
    if source is None:
        return "<unknown type>"
    found, now = cells.part(metric, source), cells.part(current, source, "current")
    target = cells.part(found, "target")
    if source in ("resource", "containerResource"):
        prefix = f"{found.get('name')}: "
        if target.get("averageValue"):
            return f"{prefix}{now.get('averageValue') or UNKNOWN}/{target['averageValue']}"
        return f"{prefix}{_percent(now, UNKNOWN)}/{_percent(target, '<auto>')}"
    if source == "pods":
        return f"{now.get('averageValue') or UNKNOWN}/{target.get('averageValue')}"
    if target.get("averageValue"):
        return f"{now.get('averageValue') or UNKNOWN}/{target['averageValue']} (avg)"
    return f"{now.get('value') or UNKNOWN}/{target.get('value')}"


def _percent(value: JSON, otherwise: str) -> str:
    found = value.get("averageUtilization")
    return otherwise if found is None else f"{found}%"


def _v1_metrics(obj: JSON) -> list[JSON]:
    """v1 has a field for CPU only; the rest travels in an annotation, in v2beta1's shape."""
    found = [_from_v2beta1(metric, "target") for metric in _annotation(obj, "metrics")]
    percent = cells.part(obj, "spec").get("targetCPUUtilizationPercentage")
    if percent is not None:
        found.insert(0, _cpu("target", percent))
    return found


def _v1_current(obj: JSON) -> list[JSON]:
    found = [_from_v2beta1(metric, "current") for metric in _annotation(obj, "current-metrics")]
    percent = cells.part(obj, "status").get("currentCPUUtilizationPercentage")
    if percent is not None:
        found.insert(0, _cpu("current", percent))
    return found


def _cpu(member: str, percent: int) -> JSON:
    return {"type": "Resource", "resource": {"name": "cpu", member: {"averageUtilization": percent}}}


def _from_v2beta1(metric: JSON, member: str) -> JSON:
    """targetAverageUtilization: 50 -> target: {averageUtilization: 50}."""
    source = _SOURCES.get(metric.get("type") or "", "")
    found = cells.part(metric, source)
    values = {name.removeprefix(member): value for name, value in found.items() if name.startswith(member)}
    short = {name[:1].lower() + name[1:]: value for name, value in values.items()}
    return {"type": metric.get("type"), source: {"name": found.get("name"), member: short}}


def _annotation(obj: JSON, name: str) -> list[JSON]:
    raw = (cells.part(obj, "metadata").get("annotations") or {}).get(_ANNOTATION + name)
    try:
        found = orjson.loads(raw) if raw else []
    except orjson.JSONDecodeError:
        return []
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
