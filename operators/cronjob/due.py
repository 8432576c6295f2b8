"""Which time a CronJob is to start a Job for, and when to look again (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from operators._kube import meta
from operators._kube.meta import Object
from operators.cronjob.schedule import Schedule

MANY = 100
# A little later than the time itself, so that it has come.
_AFTER = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class Missed:
    """`earliest`: from where times count; `latest`: the last one that has come; `count`: roughly how many have."""

    earliest: datetime
    latest: datetime | None
    count: int


def missed(cron: Object, schedule: Schedule, now: datetime, *, within_deadline: bool) -> Missed:
    """Times that have come since the last Job was started. Raises ValueError for a schedule that is never due.

    `within_deadline`: what is older than startingDeadlineSeconds does not count.
    """
    earliest = _start(cron)
    deadline = cron["spec"].get("startingDeadlineSeconds")
    if within_deadline and deadline is not None:
        earliest = max(earliest, now - timedelta(seconds=deadline))
    first = schedule.next(earliest)
    second = schedule.next(first) if first is not None else None
    if first is not None and now < first:
        return Missed(earliest, None, 0)
    if first is None or second is None:
        raise ValueError("time difference between two schedules is less than 1 second")
    if now < second:
        return Missed(earliest, first, 0)
    between = timedelta(seconds=max(1, round((second - first).total_seconds())))
    count = (now - first) // between + 1
    return Missed(earliest, _latest(schedule, first, between, now), count)


def seconds_to_next(cron: Object, schedule: Schedule, now: datetime) -> float | None:
    """Until the next time; None: it never comes."""
    try:
        found = missed(cron, schedule, now, within_deadline=False)
        last = found.latest or (found.earliest if not found.count else now)
    except ValueError:
        last = now
    moment = schedule.next(last)
    return (moment + _AFTER - now).total_seconds() if moment is not None else None


def _latest(schedule: Schedule, first: datetime, between: timedelta, now: datetime) -> datetime:
    """The last time that has come; `first` is one. The times need not be equally far apart."""
    if isinstance(schedule.when, timedelta):
        return first + (now - first) // schedule.when * schedule.when
    back, latest = 2 * between, None
    while latest is None:
        moment = schedule.next(max(first - between, now - back))
        while moment is not None and moment <= now:
            latest, moment = moment, schedule.next(moment)
        if now - back < first:
            return latest or first
        back *= 4
    return latest


def _start(cron: Object) -> datetime:
    last = (cron.get("status") or {}).get("lastScheduleTime")
    return meta.parse_time(last or cron["metadata"]["creationTimestamp"])
