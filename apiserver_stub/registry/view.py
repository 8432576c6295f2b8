"""What strategies see of other objects, read off the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apiserver_stub.registry import convert
from apiserver_stub.storage.log import Key, Log

Object = dict[str, Any]


class LogView:
    """Implements registry.base.View: `get` sees writes on their way to the disk, `list` those that are there."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        """namespace: "" for cluster-scoped objects."""
        entry = self._log.head(Key(*convert.stored(group, plural), namespace, name))
        return entry.decode() if entry is not None else None

    def list(self, group: str, plural: str) -> Iterable[Object]:
        return (entry.decode() for entry in self._log.list(convert.stored(group, plural)))
