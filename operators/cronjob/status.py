"""CronJob: what `status` says about its Jobs (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operators._kube import meta
from operators._kube.actions import Event
from operators._kube.meta import Object
from operators.cronjob import jobs


@dataclass(frozen=True, slots=True)
class Observed:
    """`status`: with what the Jobs say; `missing`: references in it to Jobs that the cache does not know."""

    status: Object
    events: Sequence[Event]
    missing: Sequence[Object]


def observe(cron: Object, owned: Iterable[Object]) -> Observed:
    """Jobs that are over leave `active`; the last success is kept."""
    status = dict(cron.get("status") or {})
    active = {ref.get("uid"): ref for ref in status.get("active") or ()}
    events, found = list[Event](), set[str]()
    for job in owned:
        uid, end = meta.uid_of(job), jobs.end_of(job)
        found.add(uid)
        if uid not in active and not end:
            text = f"Saw a job that the controller did not create or forgot: {meta.name_of(job)}"
            events.append(Event(cron, "Warning", "UnexpectedJob", text))
        elif uid in active and end:
            del active[uid]
            text = f"Saw completed job: {meta.name_of(job)}, condition: {end}"
            events.append(Event(cron, "Normal", "SawCompletedJob", text))
        completed = (job.get("status") or {}).get("completionTime")
        if end == "Complete" and completed and completed > (status.get("lastSuccessfulTime") or ""):
            status["lastSuccessfulTime"] = completed
    missing = [ref for uid, ref in active.items() if uid not in found]
    return Observed(with_active(status, list(active.values())), events, missing)


def with_active(status: Object, references: Sequence[Object]) -> Object:
    """The status with this list, which is left out when it is empty."""
    rest = {name: value for name, value in status.items() if name != "active"}
    return {**rest, "active": list(references)} if references else rest


def active(status: Object) -> list[Object]:
    return status.get("active") or []
