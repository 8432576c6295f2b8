"""The log in memory: revisions, snapshots of the past, compaction."""

import asyncio

import pytest

from apiserver_stub.storage import log, memory
from apiserver_stub.storage.log import Change, Compacted, Conflict, Future, Key

TABLE = ("", "configmaps")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key(name: str, namespace: str = "ns") -> Key:
    return Key(*TABLE, namespace, name)


def value(name: str, text: str = "") -> bytes:
    return log.encode({"metadata": {"name": name}, "data": text})


async def put(held: log.Log, name: str, text: str = "", namespace: str = "ns") -> log.Entry:
    old = held.head(key(name, namespace))
    return await held.append(Change(key(name, namespace), value(name, text), old.revision if old else 0))


async def remove(held: log.Log, name: str) -> log.Entry:
    old = held.head(key(name))
    assert old
    return await held.append(Change(key(name), None, old.revision))


def names(entries: object) -> list[str]:
    return [entry.key.path for entry in entries]  # type: ignore[attr-defined]


async def test_each_change_is_a_revision_and_is_in_the_object() -> None:
    held = memory.MemoryLog()
    first, second = await put(held, "a"), await put(held, "b")
    assert (first.revision, second.revision, held.revision) == (1, 2, 2)
    assert second.decode() == {"metadata": {"resourceVersion": "2", "name": "b"}, "data": ""}


async def test_stale_writes_conflict() -> None:
    held = memory.MemoryLog()
    await put(held, "a")
    for expected in (0, 7):
        with pytest.raises(Conflict):
            await held.append(Change(key("a"), value("a"), expected))


async def test_lists_are_ordered_and_by_namespace() -> None:
    held = memory.MemoryLog()
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y"), ("a-1", "y")):
        await put(held, name, namespace=namespace)
    assert names(held.list(TABLE)) == ["a-1/y", "a/y", "a/z", "b/x"]
    assert names(held.list(TABLE, "a")) == ["a/y", "a/z"]


async def test_the_past_can_be_read() -> None:
    held = memory.MemoryLog()
    await put(held, "a", "old")
    await put(held, "b")
    await put(held, "a", "new")
    await remove(held, "b")
    await put(held, "c")
    past = held.list(TABLE, "ns", 2)
    assert names(past) == ["ns/a", "ns/b"]
    assert past[0].decode()["data"] == "old"
    assert names(held.list(TABLE)) == ["ns/a", "ns/c"]
    with pytest.raises(Future):
        held.list(TABLE, "ns", 99)


async def test_events_tell_what_was_before() -> None:
    held = memory.MemoryLog()
    await put(held, "a", "1")
    await put(held, "a", "2")
    await remove(held, "a")
    events = list(held.after(TABLE, 0))
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[1].previous is not None
    assert events[1].previous.decode()["data"] == "1"
    # A deletion shows the last state at the deletion's own revision.
    assert events[2].entry.decode() == {"metadata": {"resourceVersion": "3", "name": "a"}, "data": "2"}
    assert [event.revision for event in held.after(TABLE, 2)] == [3]


async def test_old_history_is_forgotten() -> None:
    clock = Clock()
    held = memory.MemoryLog(clock)
    await put(held, "a", "1")
    await put(held, "a", "2")
    clock.now += memory.HISTORY_SECONDS + 1
    await put(held, "a", "3")
    held.compact(clock.now)
    with pytest.raises(Compacted):
        held.after(TABLE, 1)
    with pytest.raises(Compacted):
        held.list(TABLE, "", 1)
    assert [event.revision for event in held.after(TABLE, 2)] == [3]
    assert [entry.decode()["data"] for entry in held.list(TABLE, "", 2)] == ["2"]


async def test_history_is_bounded_by_count() -> None:
    held = memory.MemoryLog()
    for number in range(int(memory.HISTORY_EVENTS * 1.25) + 1):
        await put(held, "a", str(number))
    with pytest.raises(Compacted):
        held.after(TABLE, 1)
    assert len(list(held.after(TABLE, held.revision - 10))) == 10


async def test_waiting_ends_with_a_change_of_that_table_only() -> None:
    held = memory.MemoryLog()
    await put(held, "a")
    waiting = asyncio.ensure_future(held.changed(TABLE, 1))
    await held.append(Change(Key("", "secrets", "ns", "s"), value("s"), 0))
    await asyncio.sleep(0)
    assert not waiting.done()
    await put(held, "b")
    await asyncio.wait_for(waiting, 1)
    await asyncio.wait_for(held.changed(TABLE, 1), 1)  # what is there already is not waited for


async def test_waiting_ends_when_the_server_stops() -> None:
    held = memory.MemoryLog()
    waiting = asyncio.ensure_future(held.changed(TABLE, 0))
    await asyncio.sleep(0)
    held.end_watches()
    await asyncio.wait_for(waiting, 1)


def test_stamp_and_unstamp() -> None:
    plain = value("a", "x")
    assert log.unstamp(log.stamp(plain, 12345)) == plain
    assert log.stamp(plain, 7).startswith(b'{"metadata":{"resourceVersion":"7","name":"a"}')


async def test_what_etcd_would_refuse_is_refused() -> None:
    held = memory.MemoryLog()
    key = Key("", "configmaps", "default", "a")
    value = log.encode({"metadata": {"name": "a"}, "data": {"x": "x" * log.LIMIT}})
    with pytest.raises(log.TooLarge) as caught:
        await held.append(Change(key, value, 0))
    assert caught.value.size == len(value)
    assert (held.get(key), held.revision) == (None, 0)
