import gzip
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.pod.endpoint import backend, logfiles, logformat, logreader, logs


def written(directory: Path, name: str, mtime: int, text: bytes = b"") -> Path:
    path = directory / name
    path.write_bytes(text)
    os.utime(path, (mtime, mtime))
    return path


def test_runs_are_ordered_by_their_last_change(tmp_path: Path) -> None:
    written(tmp_path, "aaa.log", 30)
    written(tmp_path, "zzz.log", 10)
    written(tmp_path, "mmm.log", 20)
    written(tmp_path, "mmm.log.20240102-000000", 15)
    written(tmp_path, "mmm.log.20240101-000000", 12)
    written(tmp_path, "mmm.log.20240102-000000.gz", 15)  # packed, and not removed yet
    written(tmp_path, "mmm.log.20231231-000000.gz", 11)
    for other in ("mmm.log.gz", "mmm.log.20240101-000000.gz.tmp", "mmm.log.tmp", "notes.txt", ".log"):
        written(tmp_path, other, 99)
    (tmp_path / "dir.log").mkdir()
    (tmp_path / "link.log").symlink_to("/etc/passwd")
    runs = logfiles.runs(tmp_path)
    assert [run.log.name for run in runs] == ["zzz.log", "mmm.log", "aaa.log"]
    assert [part.path.name for part in runs[1].rotated] == [
        "mmm.log.20231231-000000.gz",
        "mmm.log.20240101-000000",
        "mmm.log.20240102-000000",
    ]
    assert [part.packed for part in runs[1].rotated] == [True, False, False]
    assert runs[1].owns("mmm.log") and runs[1].owns("mmm.log.20240102-000000.gz")
    assert not runs[1].owns("aaa.log") and not runs[1].owns("mmm.log.tmp")


def test_no_directory_means_no_runs(tmp_path: Path) -> None:
    assert logfiles.runs(tmp_path / "none") == []


LINES = st.lists(st.tuples(st.sampled_from("FFFP"), st.integers(0, 300)), max_size=60)


@given(LINES, st.integers(0, 70), st.integers(0, 60), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tail_is_the_end_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[tuple[str, int]], wanted: int, cut: int, torn: bool
) -> None:
    monkeypatch.setattr(logreader, "_TAIL_BLOCK", 128)
    raw = [f"t stdout {tag} {index}{'x' * size}\n".encode() for index, (tag, size) in enumerate(lines)]
    log = tmp_path / "r.log"
    (tmp_path / "r.log.20240101-000000.gz").write_bytes(gzip.compress(b"".join(raw[:cut]), 1))
    log.write_bytes(b"".join(raw[cut:]) + (b"t stdout F not yet compl" if torn else b""))
    parts = logfiles.open_parts(log)
    first, offset = logreader.tail(parts, wanted)
    text = b""
    formatter = logformat.Formatter()
    for part in parts[:first]:
        part.close()
    for index in range(first, len(parts)):
        reader = logreader.LogReader(parts[index], offset if index == first else 0)
        while (piece := reader.read(formatter)) is not None:
            text += piece
        reader.close()
    whole = logformat.Formatter().feed(b"".join(raw)).splitlines(keepends=True)
    assert text == b"".join(whole[-wanted:] if wanted else [])


def container(state: str, reason: str = "") -> backend.ContainerRef:
    return backend.ContainerRef("ns", "p", "u", "c", state, reason, "", 0, Path("/x"))  # type: ignore[arg-type]


A, B = logfiles.Run(Path("a.log")), logfiles.Run(Path("b.log"))


@pytest.mark.parametrize(
    ("state", "runs", "previous", "chosen"),
    [
        ("running", [A, B], False, B),
        ("running", [A, B], True, A),
        ("running", [], False, None),
        ("terminated", [A], False, A),
        ("terminated", [A, B], True, A),
        ("waiting", [A, B], False, B),
        ("waiting", [A, B], True, B),
    ],
)
def test_choose(state: str, runs: list[logfiles.Run], previous: bool, chosen: logfiles.Run | None) -> None:
    assert logs.choose(container(state), runs, previous) == chosen


@pytest.mark.parametrize(
    ("state", "reason", "runs", "previous", "message"),
    [
        ("running", "", [A], True, 'previous terminated container "c" in pod "p" not found'),
        ("waiting", "", [], True, 'previous terminated container "c" in pod "p" not found'),
        (
            "waiting",
            "ContainerCreating",
            [],
            False,
            'container "c" in pod "p" is waiting to start: ContainerCreating',
        ),
        ("waiting", "ErrImagePull", [], False, 'container "c" in pod "p" is waiting to start: image can\'t be pulled'),
        (
            "waiting",
            "ImagePullBackOff",
            [],
            False,
            'container "c" in pod "p" is waiting to start: trying and failing to pull image',
        ),
        ("waiting", "", [], False, 'container "c" in pod "p" is waiting to start - no logs yet'),
    ],
)
def test_no_such_log(state: str, reason: str, runs: list[logfiles.Run], previous: bool, message: str) -> None:
    with pytest.raises(logs.NoLogs) as caught:
        logs.choose(container(state, reason), runs, previous)
    assert str(caught.value) == message
