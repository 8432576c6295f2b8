"""Which Jobs a CronJob starts and drops, and what its status says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from operators._kube import meta
from operators.cronjob import due, jobs, plan, schedule, status

Object = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
JUST, BEFORE = "2026-01-01T12:00:00Z", "2026-01-01T11:59:00Z"


def cron(last: str | None = BEFORE, *active: str, **spec: Any) -> Object:
    base = {"schedule": "* * * * *", "concurrencyPolicy": "Allow", "jobTemplate": {"spec": {"parallelism": 2}}}
    metadata = {"name": "c", "namespace": "ns", "uid": "cron", "creationTimestamp": "2026-01-01T00:00:00Z"}
    state: Object = {"active": [{"name": name, "uid": name} for name in active]} if active else {}
    if last:
        state["lastScheduleTime"] = last
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {**base, **spec},
        "status": state,
    }


def job(name: str, end: str = "", started: str | None = BEFORE, **more: Any) -> Object:
    conditions = [{"type": end, "status": "True"}] if end else []
    state = {"conditions": conditions, **({"startTime": started} if started else {}), **more}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "uid": name}, "status": state}


def decide(given: Object, now: datetime = NOW) -> tuple[str | None, list[str], float | None]:
    made = plan.decide(given, given["status"], now, UTC)
    start = meta.format_time(made.start) if made.start else None
    return start, [event.reason for event in made.events], made.again


@pytest.mark.parametrize(
    ("given", "start", "reasons", "again"),
    [
        (cron(), JUST, [], 30.1),
        (cron(JUST), None, [], 30.1),
        (cron(suspend=True), None, [], None),
        (cron(schedule="0 13 * * *"), None, [], 3570.1),
        (cron(None, schedule="@daily"), None, [], 43170.1),
        # Several have been missed: the last one is started.
        (cron("2026-01-01T11:40:00Z"), JUST, [], 30.1),
        (cron(None), JUST, ["TooManyMissedTimes"], 30.1),
        (cron(None, startingDeadlineSeconds=300), JUST, [], 30.1),
        (cron(startingDeadlineSeconds=10), None, [], 30.1),
        (cron("2026-01-01T00:00:00Z", schedule="0 9 * * *"), "2026-01-01T09:00:00Z", [], 75570.1),
        # Minutes of one hour of each day: the last one of them.
        (cron("2025-12-20T09:30:00Z", schedule="* 9 * * *"), "2026-01-01T09:59:00Z", ["TooManyMissedTimes"], 75570.1),
        (cron("2026-01-01T11:00:10Z", schedule="@every 7m"), "2026-01-01T11:56:10Z", [], 160.1),
        (cron(BEFORE, "earlier", concurrencyPolicy="Forbid"), None, ["JobAlreadyActive"], 30.1),
        (cron(BEFORE, concurrencyPolicy="Forbid"), JUST, [], 30.1),
        (cron(BEFORE, "earlier", concurrencyPolicy="Replace"), JUST, [], 30.1),
        (cron(BEFORE, f"c-{int(NOW.timestamp()) // 60}"), None, [], 30.1),
        (cron(timeZone="Europe/Berlin", schedule="0 13 * * *"), JUST, [], 86370.1),
        (cron(timeZone="No/Where"), None, ["UnknownTimeZone"], None),
        (cron(schedule="x"), None, ["UnparseableSchedule"], None),
        (cron(schedule="0 0 30 2 *"), None, ["InvalidSchedule"], None),
    ],
)
def test_decide(given: Object, start: str | None, reasons: list[str], again: float | None) -> None:
    found = decide(given)
    assert found[:2] == (start, reasons)
    assert found[2] == (pytest.approx(again) if again is not None else None)


def test_too_late() -> None:
    given = cron("2025-12-31T12:00:00Z", schedule="0 12 * * *", startingDeadlineSeconds=20)
    now = NOW + timedelta(microseconds=1)
    made = plan.decide(given, given["status"], now - timedelta(seconds=11), UTC)
    assert made.start is not None
    assert decide(given, NOW)[0] is None
    # Between the deadline and the look at the schedule a moment passes.
    event = plan.Decision()
    plan._start(given, {}, due.Missed(NOW, datetime(2026, 1, 1, 12, tzinfo=UTC), 1), now, event)
    assert [(each.reason, each.message) for each in event.events] == [
        ("MissSchedule", "Missed scheduled time to start a job: Thu, 01 Jan 2026 12:00:00 +0000")
    ]


def test_replaced() -> None:
    given = cron(BEFORE, "a", "b", concurrencyPolicy="Replace")
    assert [ref["name"] for ref in plan.decide(given, given["status"], NOW, UTC).replaces] == ["a", "b"]


def test_a_deleted_one_starts_nothing() -> None:
    given = cron()
    given["metadata"]["deletionTimestamp"] = BEFORE
    assert decide(given) == (None, [], None)


def test_job() -> None:
    template = {"metadata": {"labels": {"l": "1"}, "annotations": {"a": "2"}}, "spec": {"parallelism": 2}}
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    made = jobs.body(cron(jobTemplate=template), moment, ZoneInfo("Europe/Berlin"))
    metadata = made["metadata"]
    assert metadata["name"] == "c-29454480"
    assert metadata["labels"] == {"l": "1"}
    assert metadata["annotations"] == {"a": "2", jobs.SCHEDULED: "2026-01-01T13:00:00+01:00"}
    assert metadata["ownerReferences"][0]["controller"] and made["spec"] == {"parallelism": 2}
    assert jobs.body(cron(), moment, UTC)["metadata"]["annotations"] == {jobs.SCHEDULED: "2026-01-01T12:00:00Z"}


def test_observe() -> None:
    given = cron(BEFORE, "done", "runs", "gone")
    owned = [job("done", "Complete", completionTime=JUST), job("runs"), job("strange"), job("old", "Failed")]
    seen = status.observe(given, owned)
    assert [ref["name"] for ref in status.active(seen.status)] == ["runs", "gone"]
    assert [ref["name"] for ref in seen.missing] == ["gone"]
    assert seen.status["lastSuccessfulTime"] == JUST
    assert [(event.reason, event.message) for event in seen.events] == [
        ("SawCompletedJob", "Saw completed job: done, condition: Complete"),
        ("UnexpectedJob", "Saw a job that the controller did not create or forgot: strange"),
    ]
    again = status.observe({**given, "status": seen.status}, [job("older", "Complete", completionTime=BEFORE)])
    assert again.status["lastSuccessfulTime"] == JUST


def test_history() -> None:
    owned = [
        job("s3", "Complete", "2026-01-01T03:00:00Z"),
        job("s1", "Complete", "2026-01-01T01:00:00Z"),
        job("s2", "Complete", "2026-01-01T02:00:00Z"),
        job("f1", "Failed", "2026-01-01T01:00:00Z"),
        job("f2", "Failed", None),
        job("runs"),
    ]
    limits = {"successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 1}
    assert [meta.name_of(each) for each in plan.surplus(cron(**limits), owned)] == ["s1", "f1"]
    assert plan.surplus(cron(), owned) == []


def test_every_time_is_found_once() -> None:
    """Looked at when it says, a CronJob starts one Job for each time."""
    given, now, started = cron("2026-01-01T00:00:00Z", schedule="*/7 3-5 * * *"), NOW.replace(hour=0), []
    for _ in range(60):
        made = plan.decide(given, given["status"], now, UTC)
        if made.start is not None:
            started.append(made.start)
            given["status"] = {"lastScheduleTime": meta.format_time(made.start)}
        assert made.again is not None and made.again > 0
        now += timedelta(seconds=made.again)
    times, expected = schedule.parse("*/7 3-5 * * *", UTC), [datetime(2026, 1, 1, tzinfo=UTC)]
    for _ in started:
        following = times.next(expected[-1])
        assert following is not None
        expected.append(following)
    assert started == expected[1:] and len(started) == 59
