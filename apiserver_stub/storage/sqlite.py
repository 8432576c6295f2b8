"""The log on disk: SQLite in WAL mode, one writer thread, concurrent changes in one commit, answered after it."""

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from apiserver_stub.storage.log import Change, Entry, Event, Key, StorageError, stamp, unstamp
from apiserver_stub.storage.memory import HISTORY_EVENTS, HISTORY_SECONDS, MemoryLog, Table, TableName

SCHEMA = """
CREATE TABLE log (revision INTEGER PRIMARY KEY, resource TEXT NOT NULL, path TEXT NOT NULL, value BLOB);
CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
VERSION = 1

# Revisions of changes that live in memory only must not be given out twice after a crash: the disk holds a mark
# that is always ahead of them.
RESERVE = 10_000
RESERVE_MARGIN = 1_000


@dataclass(slots=True, eq=False)
class _Pending:
    """A change that is not published yet. `row` None: nothing of it goes to the disk."""

    event: Event
    future: asyncio.Future[None]
    row: tuple[int, str, str, bytes | None] | None
    written: bool = False


@dataclass(slots=True)
class _Batch:
    """What one commit writes."""

    rows: list[tuple[int, str, str, bytes | None]] = field(default_factory=list)
    forgotten: list[tuple[int]] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    pending: list[_Pending] = field(default_factory=list)

    def add(self, more: "_Batch") -> None:
        self.rows += more.rows
        self.forgotten += more.forgotten
        self.marks |= more.marks
        self.pending += more.pending


class SqliteLog(MemoryLog):
    """MemoryLog whose changes are durable before anybody sees them.

    volatile: tables that are kept in memory only, to spare flash; their revisions are global all the same.
    """

    def __init__(
        self, path: Path, volatile: Iterable[TableName] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(clock)
        self._volatile = frozenset(volatile)
        self._pending: deque[_Pending] = deque()
        # The newest state of what is on its way to the disk, by table and path.
        self._heads: dict[TableName, dict[str, Event]] = {}
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        # What the next commit takes along: it begins when the one under way is through, so that a failed one can
        # take back all that was built on it.
        self._waiting: _Batch | None = None
        self._writing = False
        self._idle: asyncio.Future[None] | None = None
        self._reserved = 0
        self._lock = _lock(path)
        self._database = _open(path)
        with _sentences(path):
            self._load()
        self._next = self._revision
        self._thread: threading.Thread | None = None

    async def append(self, change: Change) -> Entry:
        if self._thread is None:
            self._start()
        event = self._prepare(change, self._next + 1)
        self._next += 1
        key = change.key
        pending = _Pending(event, asyncio.get_running_loop().create_future(), None)
        volatile = key.table in self._volatile
        if not volatile:
            pending.row = (event.revision, f"{key.group}/{key.resource}", key.path, change.value)
        if volatile and event.revision < self._reserved - RESERVE_MARGIN:
            pending.written = True
        else:
            self._give(_Batch([pending.row] if pending.row else [], pending=[pending]))
        self._pending.append(pending)
        self._heads.setdefault(key.table, {})[key.path] = event
        self._publish_written()
        # The change is under way whether or not the client still waits for it.
        await asyncio.shield(pending.future)
        return event.entry

    def head(self, key: Key) -> Entry | None:
        pending = self._heads.get(key.table)
        event = pending.get(key.path) if pending else None
        if event is not None:
            return None if event.deleted else event.entry
        return self.get(key)

    def heads(self, table: TableName) -> Iterable[Entry]:
        pending = self._heads.get(table)
        if not pending:
            return super().heads(table)
        entries = dict(self._table(table).entries)
        for path, event in pending.items():
            entries.pop(path, None)
            if not event.deleted:
                entries[path] = event.entry
        return entries.values()

    async def close(self) -> None:
        """Writes what is under way, and where the next start goes on."""
        if self._thread is not None:
            self._give(_Batch(marks={"reserved": self._next + 1}))
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
            self._queue.put(None)
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
            self._thread = None
        self._database.close()
        os.close(self._lock)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write, args=(loop,), name="storage", daemon=True)
        self._thread.start()

    def _table(self, name: TableName) -> Table:
        table = self._tables.get(name)
        if table is None:
            # Nothing is left of what a memory-only table held before this process.
            compacted = self._started if name in self._volatile else self._first
            table = self._tables[name] = Table(compacted=compacted)
        return table

    # -- the event loop's side

    def _give(self, batch: _Batch) -> None:
        """Has it written at once, or with all else that comes until the commit under way is through."""
        if self._waiting is None:
            self._waiting = batch
        else:
            self._waiting.add(batch)
        if not self._writing:
            self._begin()

    def _begin(self) -> None:
        if self._waiting is not None and not self._writing:
            self._queue.put(self._waiting)
            self._waiting, self._writing = None, True

    def _go_on(self) -> None:
        self._writing = False
        self._begin()
        if not self._writing and self._idle is not None:
            self._idle.set_result(None)

    def _publish_written(self) -> None:
        """Publishes in the order of revisions: a bookmark must not run ahead of a change that is still unwritten."""
        while self._pending and self._pending[0].written:
            pending = self._pending.popleft()
            event = pending.event
            key = event.entry.key
            heads = self._heads.get(key.table, {})
            if heads.get(key.path) is event:
                del heads[key.path]
            self._publish(event)
            if not pending.future.done():
                pending.future.set_result(None)

    def _committed(self, batch: _Batch) -> None:
        self._reserved = max(self._reserved, batch.marks.get("reserved", 0))
        for pending in batch.pending:
            pending.written = True
        self._go_on()
        self._publish_written()

    def _failed(self, error: StorageError) -> None:
        """Everything that is pending may build on what could not be written: all of it fails."""
        self._waiting = None
        failed, self._pending = self._pending, deque()
        self._heads.clear()
        for pending in failed:
            if not pending.future.done():
                pending.future.set_exception(error)
                pending.future.exception()  # retrieved: a client that went away leaves no warning
        self._go_on()

    def _compact(self, table: Table, now: float) -> None:
        dropped = table.trim(now - HISTORY_SECONDS, HISTORY_EVENTS)
        forgotten = [(event.previous.revision,) for event in dropped if event.previous]
        forgotten += [(event.revision,) for event in dropped if event.deleted]
        if dropped and dropped[-1].entry.key.table not in self._volatile:
            self._first = max(self._first, table.compacted)
            self._give(_Batch(forgotten=forgotten, marks={"compacted": self._first}))

    # -- the writer thread's side

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        while (batch := self._queue.get()) is not None:
            self._write_batch(batch, loop)

    def _write_batch(self, batch: _Batch, loop: asyncio.AbstractEventLoop) -> None:
        highest = max((pending.event.revision for pending in batch.pending), default=0)
        if highest and highest >= self._reserved - RESERVE_MARGIN:
            batch.marks.setdefault("reserved", highest + RESERVE)
        try:
            _commit(self._database, batch)
        except sqlite3.Error as error:
            report = StorageError(f"the change could not be written to the disk: {error}")
            _call(loop, self._failed, report)
        else:
            _call(loop, self._committed, batch)

    # -- start

    def _load(self) -> None:
        marks = dict(self._database.execute("SELECT name, value FROM mark"))
        self._first = marks.get("compacted", 0)
        self._started = 0
        now = self._clock()
        superseded: list[tuple[int]] = []
        for revision, resource, path, value in self._database.execute(
            "SELECT revision, resource, path, value FROM log ORDER BY revision"
        ):
            self._replay(revision, _key(resource, path), value, now, superseded)
        self._revision = self._started = max(self._revision, marks.get("reserved", 0))
        if superseded:
            _commit(self._database, _Batch(forgotten=superseded))

    def _replay(self, revision: int, key: Key, value: bytes | None, now: float, superseded: list[tuple[int]]) -> None:
        self._revision = revision
        table = self._table(key.table)
        previous = table.entries.get(key.path)
        if key.table in self._volatile or (value is None and previous is None):
            superseded.append((revision,))
            return
        if value is None:
            assert previous
            entry = Entry(key, revision, stamp(unstamp(previous.value), revision), previous.labels)
        else:
            labels = orjson.loads(value)["metadata"].get("labels")
            entry = Entry(key, revision, stamp(value, revision), labels)
        table.apply(Event(revision, value is None, entry, previous, now))
        if revision <= self._first:
            table.events.clear()
            if previous is not None:
                superseded.append((previous.revision,))
            if value is None:
                superseded.append((revision,))


def _commit(database: sqlite3.Connection, batch: _Batch) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", batch.rows)
        database.executemany("DELETE FROM log WHERE revision = ?", batch.forgotten)
        database.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", batch.marks.items())
        database.execute("COMMIT")
    except sqlite3.Error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for an answer any more
        loop.call_soon_threadsafe(function, *args)


def _key(resource: str, path: str) -> Key:
    group, _, name = resource.partition("/")
    namespace, _, own = path.rpartition("/")
    return Key(group, name, namespace, own)


def _lock(path: Path) -> int:
    """Held for the life of the process: two servers on one file would give out revisions twice."""
    try:
        descriptor = os.open(path.with_name("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"cannot write to {path.parent}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StorageError(f"another API server is running on {path.parent}") from None
    return descriptor


def _open(path: Path) -> sqlite3.Connection:
    with _sentences(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA journal_size_limit = 4194304")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(SCHEMA)
        elif version != VERSION:
            raise StorageError(f"{path} was written by a newer MicroKube (format {version}, this one knows {VERSION})")
    return database


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot open {path}: {error.strerror}") from None
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise StorageError(f"cannot write {path}: the disk is full") from None
        raise StorageError(
            f"{path} is damaged ({error}): restore it from a copy, or move it away to start empty"
        ) from None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StorageError(
            f"{path} is damaged ({error}): restore it from a copy, or move it away to start empty"
        ) from None
