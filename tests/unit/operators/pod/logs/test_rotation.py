"""Rotation of one container's folder, with a stand-in for conmon."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operators.pod.endpoint import logfiles, logformat, logreader
from operators.pod.logs import keeper, limits, rotation

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Conmon:
    """Writes to a log, and opens it anew when told."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.lines = 0
        self.file = -1
        self.reopen()

    def write(self, count: int) -> None:
        for _ in range(count):
            os.write(self.file, f"2026-01-01T00:00:00.000000000+00:00 stdout F {self.lines:09}\n".encode())
            self.lines += 1

    def reopen(self) -> bool:
        if self.file >= 0:
            os.close(self.file)
        self.file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return True


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SIZE", 1000)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def whole(log: Path) -> bytes:
    text, formatter = b"", logformat.Formatter()
    for part in logfiles.open_parts(log):
        reader = logreader.LogReader(part)
        while (piece := reader.read(formatter)) is not None:
            text += piece
        reader.close()
    return text


def test_rotated_parts_are_named_packed_counted_and_readable(tmp_path: Path) -> None:
    conmon = Conmon(tmp_path / "run.log")
    for step in range(7):
        conmon.write(30)
        assert rotation.tidy(tmp_path, lambda: conmon.reopen, NOW + timedelta(seconds=step))[1] == 0
        assert len(names(tmp_path)) <= limits.MAX_FILES
    conmon.write(3)
    assert rotation.tidy(tmp_path, lambda: conmon.reopen, NOW) == (conmon.log.stat().st_size,) * 2
    assert names(tmp_path) == [
        "run.log",
        "run.log.20260102-030408.gz",
        "run.log.20260102-030409.gz",
        "run.log.20260102-030410.gz",
        "run.log.20260102-030411",
    ]
    assert whole(conmon.log) == b"".join(b"%09d\n" % number for number in range(90, 213))


def test_a_part_keeps_the_time_of_its_last_change_when_it_is_packed(tmp_path: Path) -> None:
    conmon = Conmon(tmp_path / "run.log")
    conmon.write(30)
    os.utime(conmon.log, (5, 5))
    rotation.tidy(tmp_path, lambda: conmon.reopen, NOW)
    conmon.write(30)
    rotation.tidy(tmp_path, lambda: conmon.reopen, NOW + timedelta(seconds=1))
    packed = tmp_path / "run.log.20260102-030405.gz"
    assert packed.stat().st_mtime == 5
    assert gzip.decompress(packed.read_bytes()).count(b"\n") == 30


@pytest.mark.parametrize("connect", [lambda: None, lambda: lambda: False])
def test_without_conmon_nothing_is_renamed_for_good(tmp_path: Path, connect: rotation.Connect) -> None:
    conmon = Conmon(tmp_path / "run.log")
    conmon.write(30)
    assert rotation.tidy(tmp_path, connect, NOW) == (conmon.log.stat().st_size,) * 2
    assert names(tmp_path) == ["run.log"]


def test_a_crash_between_rename_and_reopening_is_made_good(tmp_path: Path) -> None:
    conmon = Conmon(tmp_path / "run.log")
    conmon.write(5)
    conmon.log.rename(tmp_path / "run.log.20260102-030405")
    (tmp_path / "run.log.20260101-000000.gz.tmp").write_bytes(b"half")
    rotation.tidy(tmp_path, lambda: conmon.reopen, NOW)
    conmon.write(30)
    rotation.tidy(tmp_path, lambda: conmon.reopen, NOW + timedelta(seconds=1))
    assert names(tmp_path) == ["run.log", "run.log.20260102-030405.gz", "run.log.20260102-030406"]
    assert whole(conmon.log) == b"".join(b"%09d\n" % number for number in range(35))


def test_only_the_present_run_and_the_one_before_it_stay(tmp_path: Path) -> None:
    for index, name in enumerate(("one", "two", "three", "four")):
        for path in (tmp_path / f"{name}.log", tmp_path / f"{name}.log.20260101-000000.gz"):
            path.write_bytes(b"")
            os.utime(path, (index, index))
    rotation.tidy(tmp_path, lambda: None, NOW)
    assert {name.split(".")[0] for name in names(tmp_path)} == {"three", "four"}


def test_what_follows_an_open_part_is_found_over_several_rotations(tmp_path: Path) -> None:
    conmon = Conmon(tmp_path / "run.log")
    conmon.write(30)
    (seen,) = logfiles.open_parts(conmon.log)
    for step in range(3):
        os.utime(conmon.log, (100 + step, 100 + step))
        rotation.tidy(tmp_path, lambda: conmon.reopen, NOW + timedelta(seconds=step))
        conmon.write(30)
    after = logfiles.opened_after(conmon.log, seen)
    assert [os.pread(part.descriptor, 60, 0).split()[3] for part in after] == [
        b"000000030",
        b"000000060",
        b"000000090",
    ]
    for part in (seen, *after):
        part.close()


@pytest.mark.parametrize(
    ("grown", "left", "seconds", "wait"),
    [
        (0, 1000, 1.0, 10.0),
        (1, 1000, 10.0, 10.0),
        (500, 500, 1.0, 1.0),
        (200, 800, 1.0, 4.0),
        (-900, 1000, 1.0, 10.0),
        (5000, -4000, 1.0, 1.0),
        (2000, 1000, 8.0, 4.0),
        (100, 900, 0.0, 10.0),
    ],
)
def test_a_log_that_grows_fast_is_looked_at_sooner(grown: int, left: int, seconds: float, wait: float) -> None:
    assert keeper.pace(grown, left, seconds) == wait


def test_conmon_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    assert rotation.connect(None) is None
    assert rotation.connect(tmp_path) is None
    os.mkfifo(tmp_path / "ctl")
    assert rotation.connect(tmp_path) is None
    reader = os.open(tmp_path / "ctl", os.O_RDONLY | os.O_NONBLOCK)
    reopen = rotation.connect(tmp_path)
    assert reopen is not None and reopen()
    assert os.read(reader, 100) == b"2 0 0\n"
    os.close(reader)
