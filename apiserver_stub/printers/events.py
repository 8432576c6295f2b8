"""Cells of Events, in the shape of the core group and of events.k8s.io."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON


def event(obj: JSON, now: dt.datetime) -> list[Any]:
    regarding = obj.get("involvedObject") or obj.get("regarding") or {}
    first, last, count = _occurrences(obj, now)
    kind = str(regarding.get("kind") or "").lower()
    return [
        last,
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{kind}/{regarding['name']}" if regarding.get("name") else kind,
        regarding.get("fieldPath") or "",
        _source(obj),
        str(obj.get("message") or obj.get("note") or "").strip(),
        first,
        count,
        cells.text(obj, "metadata", "name"),
    ]


def _occurrences(obj: JSON, now: dt.datetime) -> tuple[str, str, int]:
    """First and last time seen, and how often; events of the newer API carry a series instead of a count."""
    first_time = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last_time = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first_time
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    series = obj.get("series")
    if series:
        last_time, count = series.get("lastObservedTime"), series.get("count") or 0
    return cells.since(first_time, now), cells.since(last_time, now), int(count)


def _source(obj: JSON) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    instance = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component
