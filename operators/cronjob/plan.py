"""CronJob: whether a Job is to be started now, and which old ones go (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from operators._kube import meta
from operators._kube.actions import Event, EventType
from operators._kube.meta import Object
from operators.cronjob import due, jobs, schedule
from operators.cronjob import status as statuses

_TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
_ACTIVE = "Not starting job because prior execution is running and concurrency policy is Forbid"


@dataclass(slots=True)
class Decision:
    """`start`: the time to start a Job for; `zone`: of the schedule; `replaces`: references to Jobs that go first;
    `again`: seconds until the next time."""

    events: list[Event] = field(default_factory=list)
    start: datetime | None = None
    zone: tzinfo = UTC
    replaces: Sequence[Object] = ()
    again: float | None = None


def decide(cron: Object, status: Object, now: datetime, local: tzinfo) -> Decision:
    """`status`: with what the Jobs say; `local`: the zone of a CronJob that names none."""
    made, spec = Decision(zone=local), cron["spec"]
    if meta.is_deleting(cron):
        return made
    if (name := spec.get("timeZone")) is not None:
        try:
            made.zone = ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            text = f'invalid timeZone: "{name}": unknown time zone {name}'
            return _told(made, cron, "Warning", "UnknownTimeZone", text)
    if spec.get("suspend"):
        return made
    try:
        times = schedule.parse(spec["schedule"], made.zone)
    except ValueError as error:
        text = f'unparseable schedule: "{spec["schedule"]}" : {error}'
        return _told(made, cron, "Warning", "UnparseableSchedule", text)
    current = {**cron, "status": status}
    try:
        found = due.missed(current, times, now, within_deadline=True)
    except ValueError as error:
        return _told(made, cron, "Warning", "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {error}")
    _start(cron, status, found, now, made)
    if made.start is not None:
        current = {**cron, "status": {**status, "lastScheduleTime": meta.format_time(made.start)}}
    made.again = due.seconds_to_next(current, times, now)
    return made


def surplus(cron: Object, owned: Iterable[Object]) -> list[Object]:
    """Jobs that are over, beyond the history limits: those that were started first."""
    found, listed = [], list(owned)
    for end, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        most = cron["spec"].get(limit)
        if most is not None:
            over = [job for job in listed if jobs.end_of(job) == end and not meta.is_deleting(job)]
            over.sort(key=lambda job: (jobs.started(job), meta.name_of(job)))
            found += over[: max(0, len(over) - most)]
    return found


def _start(cron: Object, status: Object, found: due.Missed, now: datetime, made: Decision) -> None:
    moment, spec = found.latest, cron["spec"]
    if moment is None:
        return
    if found.count > due.MANY:
        _told(made, cron, "Warning", "TooManyMissedTimes", _TOO_MANY)
    deadline = spec.get("startingDeadlineSeconds")
    if deadline is not None and moment + timedelta(seconds=deadline) < now:
        text = f"Missed scheduled time to start a job: {format_datetime(moment.astimezone(UTC))}"
        _told(made, cron, "Warning", "MissSchedule", text)
        return
    active, name = statuses.active(status), jobs.name(cron, moment)
    if status.get("lastScheduleTime") == meta.format_time(moment) or any(ref.get("name") == name for ref in active):
        return
    policy = spec.get("concurrencyPolicy")
    if policy == "Forbid" and active:
        _told(made, cron, "Normal", "JobAlreadyActive", _ACTIVE)
        return
    made.start = moment
    if policy == "Replace":
        made.replaces = active


def _told(made: Decision, cron: Object, type_: EventType, reason: str, message: str) -> Decision:
    made.events.append(Event(cron, type_, reason, message))
    return made
