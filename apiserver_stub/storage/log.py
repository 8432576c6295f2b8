"""The storage Protocol: an append-only log with one global revision, shaped like etcd's."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson

# Every stored value is JSON that begins so; the revision is spliced in behind it.
HEAD = b'{"metadata":{'

# etcd's default limit of a request, in bytes: objects that fit here must fit there too.
LIMIT = 1536 * 1024


class Key(NamedTuple):
    """Where an object is stored. Versions of one kind share it; `namespace` is "" for cluster-scoped kinds."""

    group: str
    resource: str
    namespace: str
    name: str

    @property
    def table(self) -> tuple[str, str]:
        return self.group, self.resource

    @property
    def path(self) -> str:
        """Orders a table like Kubernetes lists it: by namespace, then by name."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(slots=True)
class Entry:
    """One object at one revision.

    value: the object as JSON without kind and apiVersion, with its resourceVersion.
    labels: metadata.labels, for selectors without decoding.
    fields: selectable fields of the kind, filled by whoever asks first.
    forms: how the versions of a custom resource show the object, by version, filled by their registries; None as the
    form of a version says: as it is stored.
    """

    key: Key
    revision: int
    value: bytes
    labels: dict[str, str] | None
    fields: dict[str, str] | None = field(default=None, compare=False)
    forms: Mapping[object, bytes | None] | None = field(default=None, compare=False)

    def decode(self) -> dict[str, Any]:
        """A fresh object, still without kind and apiVersion."""
        decoded: dict[str, Any] = orjson.loads(self.value)
        return decoded


@dataclass(slots=True)
class Event:
    """A change: `entry` is the new state (of a deletion: the last one, at the deletion's revision)."""

    revision: int
    deleted: bool
    entry: Entry
    previous: Entry | None
    at: float  # seconds of a monotonic clock

    @property
    def type(self) -> str:
        if self.deleted:
            return "DELETED"
        return "MODIFIED" if self.previous else "ADDED"


@dataclass(slots=True)
class Change:
    """What to write: `value` None deletes. `expected`: revision that the key must have now, 0 for none."""

    key: Key
    value: bytes | None
    expected: int
    labels: dict[str, str] | None = None


class StorageError(Exception):
    """The change was not written; the text is one sentence for the owner of the node."""


class Conflict(Exception):
    """The key's revision is not the expected one."""


class TooLarge(Exception):
    """The object is larger than LIMIT; `size` is its length in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Compacted(Exception):
    """The revision asked for is older than the history that is kept."""


class Future(Exception):
    """The revision asked for does not exist yet."""


class Log(Protocol):
    """All reads see whole changes only, in the order of their revisions."""

    @property
    def revision(self) -> int:
        """Of the last change that can be read."""

    async def append(self, change: Change) -> Entry:
        """Writes one change and returns the new entry (of a deletion: the last state, stamped) once it is durable.

        Raises Conflict when the key is not at change.expected, TooLarge, StorageError when it can't be written.
        """

    def get(self, key: Key) -> Entry | None: ...

    def head(self, key: Key) -> Entry | None:
        """Like get, but sees changes that are on their way to the disk: only for building the next change on it."""

    def heads(self, table: tuple[str, str]) -> Iterable[Entry]:
        """All of a table as head shows it, in no order."""

    def list(self, table: tuple[str, str], namespace: str = "", revision: int = 0) -> Sequence[Entry]:
        """Entries ordered by path, at `revision` (0: now). Raises Compacted or Future."""

    def after(self, table: tuple[str, str], revision: int) -> Iterator[Event]:
        """Changes behind `revision`, oldest first. Raises Compacted."""

    def compact(self, now: float) -> None:
        """Forgets history that is older than its time. `now`: seconds of the monotonic clock."""

    async def changed(self, table: tuple[str, str], revision: int, seconds: float | None = None) -> None:
        """Returns once the table has changes behind `revision` (at once when it has), or after so many seconds."""

    @property
    def ending(self) -> bool:
        """Whether watches are to end."""

    def end_watches(self) -> None:
        """Wakes everybody who waits for changes, for good."""

    def listen(self, table: tuple[str, str], listener: Callable[[], None]) -> None:
        """Has `listener` called after each change of a table, as long as the log lives; it must not raise."""

    def wake(self, table: tuple[str, str]) -> None:
        """Wakes those who wait for changes of a table, to look whether it is still theirs."""

    async def close(self) -> None: ...


def encode(obj: dict[str, Any]) -> bytes:
    """An object as it is stored: metadata first, no kind, apiVersion or resourceVersion."""
    metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
    rest = {k: v for k, v in obj.items() if k not in ("kind", "apiVersion", "metadata")}
    return orjson.dumps({"metadata": metadata} | rest)


def stamp(value: bytes, revision: int) -> bytes:
    """Splices metadata.resourceVersion into an encoded object that has none."""
    return b'{"metadata":{"resourceVersion":"%d",%b' % (revision, value[len(HEAD) :])


def unstamp(value: bytes) -> bytes:
    """The reverse of stamp."""
    return HEAD + value[value.index(b'",', len(HEAD)) + 2 :]
