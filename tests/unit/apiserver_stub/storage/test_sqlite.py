"""The log on disk: durability, group commit, restarts, compaction, refusals."""

import asyncio
import itertools
import sqlite3
import stat
from pathlib import Path

import pytest

from apiserver_stub.storage import log, memory, sqlite
from apiserver_stub.storage.log import Change, Compacted, Key, StorageError

TABLE = ("", "configmaps")
LEASES = ("coordination.k8s.io", "leases")


def key(name: str, table: tuple[str, str] = TABLE) -> Key:
    return Key(*table, "ns", name)


def value(name: str, **more: object) -> bytes:
    return log.encode({"metadata": {"name": name}, **more})


async def put(held: log.Log, name: str, table: tuple[str, str] = TABLE, **more: object) -> log.Entry:
    old = held.head(key(name, table))
    return await held.append(Change(key(name, table), value(name, **more), old.revision if old else 0))


async def remove(held: log.Log, name: str) -> None:
    old = held.head(key(name))
    assert old
    await held.append(Change(key(name), None, old.revision))


def rows(path: Path) -> list[tuple[int, str, str]]:
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT revision, path, value IS NULL FROM log ORDER BY revision").fetchall()
    database.close()
    return found


async def test_objects_and_history_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    held = sqlite.SqliteLog(path)
    await put(held, "a", data="1")
    await put(held, "b")
    await put(held, "a", data="2")
    await remove(held, "b")
    await held.close()

    again = sqlite.SqliteLog(path)
    assert [entry.key.name for entry in again.list(TABLE)] == ["a"]
    assert [event.type for event in again.after(TABLE, 1)] == ["ADDED", "MODIFIED", "DELETED"]
    assert (await put(again, "c")).revision > 4
    await again.close()


async def test_nothing_is_seen_before_it_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = sqlite.SqliteLog(tmp_path / "state.db")
    seen: list[int] = []
    commit = sqlite._commit

    def spy(database: sqlite3.Connection, batch: sqlite._Batch) -> None:
        seen.append(held.revision)
        commit(database, batch)

    monkeypatch.setattr(sqlite, "_commit", spy)
    writing = asyncio.ensure_future(put(held, "a"))
    await asyncio.sleep(0)
    assert held.get(key("a")) is None
    assert held.head(key("a")) is not None
    await writing
    assert seen == [0]
    assert held.get(key("a")) is not None
    await held.close()


async def test_concurrent_changes_share_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = sqlite.SqliteLog(tmp_path / "state.db")
    commits = itertools.count()
    commit = sqlite._commit
    monkeypatch.setattr(sqlite, "_commit", lambda *args: (next(commits), commit(*args)))
    await asyncio.gather(*(put(held, f"n{number}") for number in range(200)))
    assert next(commits) < 50
    assert len(held.list(TABLE)) == 200
    await held.close()


async def test_memory_only_tables_leave_no_row_and_no_revision_comes_twice(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    held = sqlite.SqliteLog(path, [LEASES])
    await put(held, "a")
    for number in range(20):
        lease = await put(held, "l", LEASES, n=number)
    # Not closed: as after kill -9. The lock goes with the process.
    sqlite.os.close(held._lock)  # type: ignore[attr-defined]
    assert [path for _, path, _ in rows(path)] == ["ns/a"]

    again = sqlite.SqliteLog(path, [LEASES])
    assert again.revision > lease.revision
    assert list(again.list(LEASES)) == []
    with pytest.raises(Compacted):
        again.after(LEASES, lease.revision)
    assert list(again.after(TABLE, 1)) == []
    await again.close()


async def test_bookkeeping_of_order_between_disk_and_memory(tmp_path: Path) -> None:
    """A change in memory waits for earlier ones that are still on their way to the disk."""
    held = sqlite.SqliteLog(tmp_path / "state.db", [LEASES])
    await put(held, "l", LEASES)
    on_disk = asyncio.ensure_future(put(held, "a"))
    await asyncio.sleep(0)
    in_memory = asyncio.ensure_future(put(held, "l", LEASES, n=1))
    await asyncio.sleep(0)
    assert not in_memory.done()
    await asyncio.gather(on_disk, in_memory)
    assert on_disk.result().revision < in_memory.result().revision == held.revision
    await held.close()


async def test_compaction_frees_the_rows_of_what_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    now = [0.0]
    held = sqlite.SqliteLog(path, clock=lambda: now[0])
    await put(held, "a", data="1")
    await put(held, "a", data="2")
    await put(held, "b")
    await remove(held, "b")
    now[0] = memory.HISTORY_SECONDS + 1
    held.compact(now[0])
    await held.close()
    assert rows(path) == [(2, "ns/a", 0)]

    again = sqlite.SqliteLog(path)
    assert [entry.decode()["data"] for entry in again.list(TABLE)] == ["2"]
    with pytest.raises(Compacted):
        again.after(TABLE, 2)
    await again.close()


async def test_a_failed_write_is_told_and_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = sqlite.SqliteLog(tmp_path / "state.db")
    await put(held, "a", data="1")
    commit = sqlite._commit

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite, "_commit", full)
    results = await asyncio.gather(put(held, "a", data="2"), put(held, "b"), return_exceptions=True)
    assert all(isinstance(result, StorageError) and "disk is full" in str(result) for result in results)
    monkeypatch.setattr(sqlite, "_commit", commit)
    head = held.head(key("a"))
    assert head is not None
    assert head.decode()["data"] == "1"
    await put(held, "a", data="3")
    assert held.get(key("b")) is None
    await held.close()


async def test_second_copy_is_refused(tmp_path: Path) -> None:
    held = sqlite.SqliteLog(tmp_path / "state.db")
    with pytest.raises(StorageError, match="another API server is running on"):
        sqlite.SqliteLog(tmp_path / "state.db")
    await held.close()


def test_damaged_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is no database, and long enough not to be taken for an empty one" * 20)
    with pytest.raises(StorageError, match=r"state.db is damaged .*: restore it from a copy"):
        sqlite.SqliteLog(path)


def test_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write to .*: No such file or directory"):
        sqlite.SqliteLog(tmp_path / "none" / "state.db")


async def test_files_are_the_owner_s_only(tmp_path: Path) -> None:
    held = sqlite.SqliteLog(tmp_path / "state.db")
    await put(held, "a")
    for file in list(tmp_path.iterdir()):  # noqa: ASYNC240  a handful of names
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    await held.close()
