"""Cells of Jobs and CronJobs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNSET

# The first condition that holds names the Job's state.
_STATES = {
    "Complete": "Complete",
    "Failed": "Failed",
    "Suspended": "Suspended",
    "FailureTarget": "FailureTarget",
    "SuccessCriteriaMet": "SuccessCriteriaMet",
}


def job(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    return [
        _name(obj),
        _state(obj),
        _completions(obj),
        _duration(cells.part(obj, "status"), now),
        cells.age(obj, now),
        *cells.template_cells(spec),
        cells.selector(spec.get("selector")),
    ]


def _state(obj: JSON) -> str:
    for kind, shown in _STATES.items():
        if cells.is_true(obj, kind):
            return shown
    return "Terminating" if cells.is_deleting(obj) else "Running"


def _completions(obj: JSON) -> str:
    spec, succeeded = cells.part(obj, "spec"), cells.number(obj, "status", "succeeded")
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = cells.number(spec, "parallelism")
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(status: JSON, now: dt.datetime) -> str:
    start = cells.parse_time(status.get("startTime") or "")
    if start is None:
        return ""
    end = cells.parse_time(status.get("completionTime") or "") or now
    return cells.human_duration((end - start).total_seconds())


def cron_job(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    job_spec = cells.part(spec, "jobTemplate", "spec")
    suspend = spec.get("suspend")
    last = status.get("lastScheduleTime")
    return [
        _name(obj),
        spec.get("schedule") or "",
        spec.get("timeZone") or NONE,
        UNSET if suspend is None else str(bool(suspend)),
        len(status.get("active") or ()),
        cells.since(last, now) if last else NONE,
        cells.age(obj, now),
        *cells.template_cells(job_spec),
        cells.selector(job_spec.get("selector")),
    ]


def _name(obj: JSON) -> str:
    return cells.text(obj, "metadata", "name")
