"""What strategies may see of other objects: the newest state, writes on their way included."""

from collections.abc import Iterator
from typing import Any

from apiserver_stub.registry import convert
from apiserver_stub.storage.log import Entry, Key, Log

Object = dict[str, Any]

# Decoded objects that are kept for the next look; a Service is looked at by every other Service's creation.
_KEPT = 512


class LogView:
    """base.View over the log. What it returns is shared: don't change it."""

    def __init__(self, log: Log, off: frozenset[str] = frozenset()) -> None:
        self.off = off
        self._log = log
        self._decoded: dict[Key, tuple[int, Object]] = {}

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        entry = self._log.head(Key(*convert.stored(group, plural), namespace, name))
        return self._object(entry) if entry else None

    def list(self, group: str, plural: str) -> Iterator[Object]:
        return map(self._object, self._log.heads(convert.stored(group, plural)))

    def _object(self, entry: Entry) -> Object:
        revision, obj = self._decoded.get(entry.key, (0, {}))
        if revision != entry.revision:
            obj = entry.decode()
            if len(self._decoded) >= _KEPT:
                self._decoded.clear()
            self._decoded[entry.key] = entry.revision, obj
        return obj
