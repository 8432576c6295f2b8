"""The machine's time zone."""

import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operators.cronjob import zone


@pytest.mark.parametrize(("name", "hours"), [("Asia/Tokyo", 9), (":Asia/Tokyo", 9), ("No/Where", 0)])
def test_by_variable(name: str, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", name)
    offset = datetime(2026, 1, 1, tzinfo=UTC).astimezone(zone.local()).utcoffset()
    assert offset is not None and offset.total_seconds() == hours * 3600


def test_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    assert zone.local(tmp_path / "none") is UTC
    (tmp_path / "bad").write_text("no zone")
    assert zone.local(tmp_path / "bad") is UTC
    folder = next(Path(path) for path in zoneinfo.TZPATH if (Path(path) / "Asia/Tokyo").exists())
    found = zone.local(folder / "Asia/Tokyo")
    offset = datetime(2026, 1, 1).replace(tzinfo=found).utcoffset()
    assert offset is not None and offset.total_seconds() == 9 * 3600
