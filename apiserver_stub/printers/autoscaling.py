"""Cells of HorizontalPodAutoscalers, which come in the form of v2."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNKNOWN, UNSET

_SHOWN: Final = 2
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
    wanted = cells.part(obj, "spec").get("metrics") or []
    current = cells.part(obj, "status").get("currentMetrics") or []
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
