"""When a schedule is due (pure).

As the parser that Kubernetes uses: a wall clock time that a time zone skips is skipped, one that comes twice is due
twice, and of day and weekday either is enough where neither is a star.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from operators._workloads import crontab
from operators._workloads.crontab import Fields

_YEARS = 5  # beyond that a schedule is never due
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`zone`: whose clock the fields are read on."""

    when: Fields | timedelta
    zone: tzinfo

    def next(self, after: datetime) -> datetime | None:
        """The first time after `after`, in whole seconds and UTC; None: never."""
        if isinstance(self.when, timedelta):
            return after.astimezone(UTC).replace(microsecond=0) + self.when
        local = after.astimezone(self.zone)
        # A day earlier: where the clock is set back over midnight, the day before goes on.
        day = local.date() - _DAY
        last = date(min(local.year + _YEARS, date.max.year), 12, 31)
        while day <= last:
            if day.month not in self.when.months:
                day = _next_month(day)
                continue
            if _is_due(self.when, day) and (found := self._on(day, self.when, after)) is not None:
                return found
            day += _DAY
        return None

    def _on(self, day: date, when: Fields, after: datetime) -> datetime | None:
        """The first time of a day that is after `after`."""
        midnight, end = (datetime.combine(d, time(), self.zone) for d in (day, day + _DAY))
        offset = midnight.utcoffset()
        if offset == end.utcoffset() and offset == datetime.combine(day, time(12), self.zone).utcoffset():
            return self._plain(midnight.astimezone(UTC), when, after)
        return min((moment for moment in self._all(day, when) if moment > after), default=None)

    def _plain(self, midnight: datetime, when: Fields, after: datetime) -> datetime | None:
        """On a day of 24 hours: counted, not looked up."""
        passed = (after - midnight) // timedelta(minutes=1)
        start = 0 if passed < 0 else passed + 1
        for hour in when.hours[bisect.bisect_left(when.hours, start // 60) :]:
            least = start - hour * 60
            at = bisect.bisect_left(when.minutes, least)
            if at < len(when.minutes):
                return midnight + timedelta(minutes=hour * 60 + when.minutes[at])
        return None

    def _all(self, day: date, when: Fields) -> Iterator[datetime]:
        for hour in when.hours:
            for minute in when.minutes:
                for fold in (0, 1):
                    wall = datetime.combine(day, time(hour, minute, fold=fold), self.zone)
                    moment = wall.astimezone(UTC)
                    if moment.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                        yield moment


def parse(text: str, zone: tzinfo) -> Schedule:
    """Raises ValueError, in the words of upstream's parser as far as the API server lets such a schedule pass."""
    return Schedule(crontab.parse(text), zone)


def _is_due(when: Fields, day: date) -> bool:
    is_day, is_weekday = day.day in when.days, day.isoweekday() % 7 in when.weekdays
    if when.any_day or when.any_weekday:
        return is_day and is_weekday
    return is_day or is_weekday


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
