"""The systemd timer that says when CronJobs are due (pure). See systemd.timer(5), systemd.time(7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from operators._kube import meta
from operators._workloads import crontab
from operators._workloads.crontab import Fields

SERVICE = "ukube-operators.service"
_ZONE = re.compile(r"[A-Za-z0-9_+/-]+")
_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def timer(crons: Iterable[dict[str, Any]]) -> str:
    """The text of the unit; "" when nothing is ever due.

    It holds the schedules themselves, so that it changes only when they do.
    """
    lines: set[str] = set()
    intervals: list[int] = []
    for cron in crons:
        spec = cron["spec"]
        zone = spec.get("timeZone") or ""
        if spec.get("suspend") or meta.is_deleting(cron) or (zone and not _ZONE.fullmatch(zone)):
            continue
        try:
            when = crontab.parse(spec["schedule"])
        except ValueError:
            continue
        if isinstance(when, timedelta):
            intervals.append(int(when.total_seconds()))
        else:
            lines.update(f"OnCalendar={text}{' ' + zone if zone else ''}" for text in calendars(when))
    if intervals:
        # Counted from when the control plane was stopped: no interval passes unnoticed.
        lines.add(f"OnUnitInactiveSec={min(intervals)}s")
    if not lines:
        return ""
    head = f"[Unit]\nDescription=MicroKube: a CronJob is due\n\n[Timer]\nUnit={SERVICE}\nAccuracySec=1s\n"
    return head + "".join(f"{line}\n" for line in sorted(lines))


def calendars(when: Fields) -> list[str]:
    """Calendar events in systemd's notation: one, or two where day or weekday is enough."""
    clock = f"{_listed(when.hours, 24)}:{_listed(when.minutes, 60)}:00"
    months, days = _listed(when.months, 12), _listed(when.days, 31)
    weekdays = "" if len(when.weekdays) == 7 else ",".join(_WEEKDAYS[day] for day in sorted(when.weekdays)) + " "
    if when.any_day or when.any_weekday:
        return [f"{weekdays}*-{months}-{days} {clock}"]
    return [f"*-{months}-{days} {clock}", f"{weekdays}*-{months}-* {clock}"]


def _listed(numbers: Collection[int], every: int) -> str:
    return "*" if len(numbers) == every else ",".join(f"{number:02}" for number in sorted(numbers))
