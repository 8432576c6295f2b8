"""All objects in memory as encoded JSON, with the recent history that watches and paged lists read."""

import bisect
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from apiserver_stub.storage.broadcast import Broadcast
from apiserver_stub.storage.log import (
    LIMIT,
    Change,
    Compacted,
    Conflict,
    Entry,
    Event,
    Future,
    Key,
    TooLarge,
    stamp,
    unstamp,
)

TableName = tuple[str, str]

# How much history a table keeps: by age (etcd of a default installation is compacted every five minutes) and by
# count, so that a busy table costs a bounded amount of memory.
HISTORY_SECONDS = 300.0
HISTORY_EVENTS = 2_000


@dataclass(slots=True)
class Table:
    """The objects of one kind, their order, and the changes since `compacted`."""

    entries: dict[str, Entry] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    compacted: int = 0

    def apply(self, event: Event) -> None:
        path = event.entry.key.path
        if event.deleted:
            del self.entries[path]
            del self.order[bisect.bisect_left(self.order, path)]
        else:
            if path not in self.entries:
                bisect.insort(self.order, path)
            self.entries[path] = event.entry
        self.events.append(event)

    def paths(self, namespace: str) -> Sequence[str]:
        if not namespace:
            return self.order
        # "0" follows "/" in ASCII: the range holds exactly what begins with "namespace/".
        return self.order[
            bisect.bisect_left(self.order, namespace + "/") : bisect.bisect_left(self.order, namespace + "0")
        ]

    def trim(self, before: float, keep: int) -> list[Event]:
        """Drops events that are older than `before` or too many, and returns them."""
        count = max(0, len(self.events) - keep)
        while count < len(self.events) and self.events[count].at < before:
            count += 1
        dropped = self.events[:count]
        if dropped:
            del self.events[:count]
            self.compacted = dropped[-1].revision
        return dropped


class MemoryLog:
    """The log of a process that keeps nothing; sqlite.SqliteLog puts a disk behind it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._tables: dict[TableName, Table] = {}
        self._broadcast = Broadcast()
        self._clock = clock
        self._revision = 0
        self.ending = False
        self._first = 0  # tables that appear later have history since this revision

    @property
    def revision(self) -> int:
        return self._revision

    @property
    def watchers(self) -> int:
        return self._broadcast.waiting

    def counts(self) -> dict[TableName, int]:
        """Objects per table."""
        return {name: len(table.entries) for name, table in self._tables.items()}

    async def append(self, change: Change) -> Entry:
        event = self._prepare(change, self._revision + 1)
        self._publish(event)
        return event.entry

    def get(self, key: Key) -> Entry | None:
        table = self._tables.get(key.table)
        return table.entries.get(key.path) if table else None

    def head(self, key: Key) -> Entry | None:
        return self.get(key)

    def heads(self, table: TableName) -> Iterable[Entry]:
        return list(self._table(table).entries.values())

    def list(self, table: TableName, namespace: str = "", revision: int = 0) -> Sequence[Entry]:
        if revision > self._revision:
            raise Future
        held = self._table(table)
        if revision == 0 or not held.events or held.events[-1].revision <= revision:
            if revision and revision < held.compacted:
                raise Compacted
            return [held.entries[path] for path in held.paths(namespace)]
        return self._list_past(held, namespace, revision)

    def after(self, table: TableName, revision: int) -> Iterator[Event]:
        held = self._table(table)
        if revision < held.compacted:
            raise Compacted
        # Nearly every reader is at the end of the history.
        events = held.events
        start = len(events)
        if start and events[-1].revision > revision:
            start = bisect.bisect_right(events, revision, key=lambda event: event.revision)
        return iter(events[start:])

    def compact(self, now: float) -> None:
        for table in self._tables.values():
            self._compact(table, now)

    async def changed(self, table: TableName, revision: int, seconds: float | None = None) -> None:
        held = self._table(table)
        newer = held.events and held.events[-1].revision > revision
        if not newer and revision >= held.compacted and not self.ending:
            await self._broadcast.wait(table, seconds)

    def end_watches(self) -> None:
        self.ending = True
        self._broadcast.publish_all()

    def listen(self, table: TableName, listener: Callable[[], None]) -> None:
        self._broadcast.listen(table, listener)

    def wake(self, table: TableName) -> None:
        self._broadcast.publish(table)

    async def close(self) -> None:
        """Nothing to do without a disk."""

    def _table(self, name: TableName) -> Table:
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(compacted=self._first)
        return table

    def _prepare(self, change: Change, revision: int) -> Event:
        """The event of a change, checked against the newest state."""
        previous = self.head(change.key)
        if (previous.revision if previous else 0) != change.expected:
            raise Conflict
        if change.value is not None:
            if len(change.value) > LIMIT:
                raise TooLarge(len(change.value))
            entry = Entry(change.key, revision, stamp(change.value, revision), change.labels)
            return Event(revision, False, entry, previous, self._clock())
        assert previous, "nothing to delete"
        entry = Entry(change.key, revision, stamp(unstamp(previous.value), revision), previous.labels, previous.fields)
        return Event(revision, True, entry, previous, self._clock())

    def _publish(self, event: Event) -> None:
        table = self._table(event.entry.key.table)
        table.apply(event)
        self._revision = event.revision
        if len(table.events) > HISTORY_EVENTS * 1.25:
            self._compact(table, event.at)
        self._broadcast.publish(event.entry.key.table)

    def _compact(self, table: Table, now: float) -> None:
        table.trim(now - HISTORY_SECONDS, HISTORY_EVENTS)

    @staticmethod
    def _list_past(table: Table, namespace: str, revision: int) -> Sequence[Entry]:
        """Walks the history back from now."""
        if revision < table.compacted:
            raise Compacted
        past: dict[str, Entry | None] = {}
        for event in reversed(table.events):
            if event.revision <= revision:
                break
            past[event.entry.key.path] = event.previous
        entries = {path: table.entries[path] for path in table.paths(namespace)}
        prefix = f"{namespace}/" if namespace else ""
        for path, entry in past.items():
            if entry is not None and path.startswith(prefix):
                entries[path] = entry
            else:
                entries.pop(path, None)
        return [entries[path] for path in sorted(entries)]
