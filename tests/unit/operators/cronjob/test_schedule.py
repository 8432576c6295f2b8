"""Schedules: their text, and when they are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators._workloads import crontab
from operators.cronjob import schedule

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("* * * * *", "2026-01-01T00:00:59.5", "2026-01-01T00:01:00"),
        ("*/15 * * * *", "2026-01-01T00:46:00", "2026-01-01T01:00:00"),
        ("7/20 * * * *", "2026-01-01T00:28:00", "2026-01-01T00:47:00"),
        ("0 9-17/4 * * *", "2026-01-01T09:00:00", "2026-01-01T13:00:00"),
        ("30 5 1,15 * *", "2026-01-02T00:00:00", "2026-01-15T05:30:00"),
        ("0 0 * feb mon", "2026-01-01T00:00:00", "2026-02-02T00:00:00"),
        ("0 0 ? * SUN", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        # Neither is a star: one is enough.
        ("0 0 13 * fri", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("0 0 13 * fri", "2026-01-09T00:00:00", "2026-01-13T00:00:00"),
        # A star with a step is none.
        ("0 0 */10 * 1", "2026-01-01T00:00:00", "2026-01-05T00:00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("59 23 31 12 *", "2026-12-31T23:59:00", "2027-12-31T23:59:00"),
        ("@hourly", "2026-01-01T00:00:01", "2026-01-01T01:00:00"),
        ("@weekly", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("@monthly", "2026-01-01T00:00:00", "2026-02-01T00:00:00"),
        ("@yearly", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("@every 1h30m", "2026-01-01T00:00:00.7", "2026-01-01T01:30:00"),
        ("@every 10ms", "2026-01-01T00:00:00", "2026-01-01T00:00:01"),
        ("0 0 30 2 *", "2026-01-01T00:00:00", None),
    ],
)
def test_next(text: str, after: str, expected: str | None) -> None:
    found = schedule.parse(text, UTC).next(utc(after))
    assert found == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        # The clock goes from 2:00 to 3:00: what is due between is skipped.
        ("30 2 * * *", "2026-03-28T12:00:00", "2026-03-30T00:30:00"),
        ("30 3 * * *", "2026-03-28T12:00:00", "2026-03-29T01:30:00"),
        ("0 * * * *", "2026-03-29T00:00:00", "2026-03-29T01:00:00"),
        # From 3:00 back to 2:00: it is due twice.
        ("30 2 * * *", "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
        ("30 2 * * *", "2026-10-25T00:30:00", "2026-10-25T01:30:00"),
        ("30 2 * * *", "2026-10-25T01:30:00", "2026-10-26T01:30:00"),
        ("0 9 * * *", "2026-07-01T00:00:00", "2026-07-01T07:00:00"),
    ],
)
def test_clock_changes(text: str, after: str, expected: str) -> None:
    assert schedule.parse(text, BERLIN).next(utc(after)) == utc(expected)


FIELD = st.sampled_from(["*", "*/7", "3", "5-9", "1,4"])


@settings(max_examples=60, deadline=None)
@given(
    FIELD,
    FIELD,
    st.sampled_from(["*", "3", "*/9", "28-31"]),
    st.sampled_from(["*", "1", "0,6"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
    st.sampled_from(["2026-03-28T22:00:00", "2026-10-24T23:59:30", "2026-04-04T13:00:00", "2026-10-03T14:00:00"]),
)
def test_as_counting_every_minute(minute: str, hour: str, day: str, weekday: str, zone: str, start: str) -> None:
    text, clock = f"{minute} {hour} {day} * {weekday}", ZoneInfo(zone)
    times, after = schedule.parse(text, clock), utc(start)
    fields = crontab.parse(text)
    assert isinstance(fields, crontab.Fields)
    moment = after.replace(second=0, microsecond=0)
    for _ in range(3 * 24 * 60):
        moment += timedelta(minutes=1)
        local = moment.astimezone(clock)
        is_day, is_weekday = local.day in fields.days, local.isoweekday() % 7 in fields.weekdays
        either = not (fields.any_day or fields.any_weekday)
        is_right_day = (is_day or is_weekday) if either else (is_day and is_weekday)
        if is_right_day and local.hour in fields.hours and local.minute in fields.minutes:
            assert times.next(after) == moment
            return
    found = times.next(after)
    assert found is None or found > moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* * 0 * *",
        "5-3 * * * *",
        "*/0 * * * *",
        "x * * * *",
        "@often",
        "@every x",
        "@every",
        ", * * * *",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):
        schedule.parse(text, UTC)
