"""The timer unit of CronJobs, and its file."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from operators._workloads import crontab
from operators.crontimer import machine, plan


def cron(schedule: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "c"}, "spec": {"schedule": schedule, **spec}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["*-*-* *:*:00"]),
        ("*/20 3 * * *", ["*-*-* 03:00,20,40:00"]),
        ("0 0 1 jan *", ["*-01-01 00:00:00"]),
        ("0 12 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 12:00:00"]),
        ("0 0 13 * fri", ["*-*-13 00:00:00", "Fri *-*-* 00:00:00"]),
    ],
)
def test_calendars(text: str, expected: list[str]) -> None:
    when = crontab.parse(text)
    assert isinstance(when, crontab.Fields)
    assert plan.calendars(when) == expected


def lines(*crons: dict[str, Any]) -> list[str]:
    return [line for line in plan.timer(crons).splitlines() if line.startswith("On")]


def test_timer() -> None:
    crons = [
        cron("0 3 * * *", timeZone="Europe/Berlin"),
        cron("0 3 * * *"),
        cron("0 3 * * *"),
        cron("@every 90s"),
        cron("@every 2h"),
        cron("1 1 1 1 *", suspend=True),
        cron("nonsense"),
        cron("2 2 2 2 *", timeZone="UTC\nOnBootSec=1"),
    ]
    assert lines(*crons) == [
        "OnCalendar=*-*-* 03:00:00",
        "OnCalendar=*-*-* 03:00:00 Europe/Berlin",
        "OnUnitInactiveSec=90s",
    ]
    assert "Unit=ukube-operators.service\n" in plan.timer(crons)
    assert plan.timer([cron("* * * * *", suspend=True)]) == plan.timer([]) == ""


def test_the_file_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def run(argv: list[str], **options: Any) -> None:
        said.append(" ".join(argv[2:]))

    monkeypatch.setattr(subprocess, "run", run)
    unit = tmp_path / machine.UNIT
    for text in ("", "a", "a", "b", "", ""):
        machine.arm(text, tmp_path)
        assert (unit.read_text() if unit.exists() else "") == text
    name = machine.UNIT
    assert said == [
        f"restart {name}",
        f"start {name}",
        "daemon-reload",
        f"restart {name}",
        f"stop {name}",
        "daemon-reload",
    ]
    assert list(tmp_path.iterdir()) == []


def test_only_the_installed_service_is_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.getpid", lambda: 7)
    assert not machine.is_node(tmp_path)
    (tmp_path / "ukube-operators.service").touch()
    monkeypatch.delenv("SYSTEMD_EXEC_PID", raising=False)
    assert not machine.is_node(tmp_path)
    monkeypatch.setenv("SYSTEMD_EXEC_PID", "7")
    assert machine.is_node(tmp_path)
