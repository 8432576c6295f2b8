"""metadata.managedFields as a table of managers, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import orjson

from apiserver_stub.meta import field
from apiserver_stub.meta.managed import fieldset
from apiserver_stub.meta.managed.fieldset import Set

Object = dict[str, Any]
Operation = Literal["Apply", "Update"]

APPLY: Final = "Apply"
UPDATE: Final = "Update"
# More managers that update than this are joined, the oldest first.
_MOST_UPDATERS: Final = 10
_JOINED: Final = "ancient-changes"


class Malformed(Exception):
    """Entries that can't be read."""


class Manager(NamedTuple):
    """Who manages. An applier is the same in all versions: its api_version is "" here."""

    name: str
    operation: str
    api_version: str
    subresource: str

    @property
    def order(self) -> bytes:
        """By what upstream sorts managers in messages."""
        found = {"manager": self.name, "operation": self.operation}
        if self.api_version:
            found["apiVersion"] = self.api_version
        return orjson.dumps(found | ({"subresource": self.subresource} if self.subresource else {}))

    def __str__(self) -> str:
        """As it stands in a message about conflicts."""
        text = field.quote(self.name)
        if self.subresource:
            text += f" with subresource {field.quote(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns, since when. time: metav1.Time or "". raw: the entry as it was read, if it still holds."""

    fields: Set
    api_version: str
    time: str = ""
    raw: Object | None = None

    def with_fields(self, fields: Set) -> Owned:
        return self if fields is self.fields else Owned(fields, self.api_version, self.time)

    def at(self, time: str) -> Owned:
        return replace(self, time=time, raw=None)


Table = dict[Manager, Owned]


def manager(name: str, operation: Operation, api_version: str, subresource: str) -> Manager:
    return Manager(name or "unknown", operation, "" if operation == APPLY else api_version, subresource)


def decode(entries: Iterable[Object] | None) -> Table:
    """Raises Malformed where upstream would not read them either."""
    out: Table = {}
    for entry in entries or ():
        operation, version = entry.get("operation"), entry.get("apiVersion")
        if operation not in (APPLY, UPDATE):
            raise Malformed("operation must be `Apply` or `Update`")
        if not version or entry.get("fieldsType") != "FieldsV1":
            raise Malformed("apiVersion and fieldsType must be there")
        fields = entry.get("fieldsV1") or {}
        if not fieldset.is_valid(fields):
            raise Malformed("fieldsV1 is not a set of fields")
        key = Manager(
            entry.get("manager", ""), operation, "" if operation == APPLY else version, entry.get("subresource", "")
        )
        out[key] = Owned(fields, version, entry.get("time") or "", entry)
    return out


def decode_stored(entries: Iterable[Object] | None) -> Table:
    """Of an object that this server stored: its sets are taken as they are."""
    out: Table = {}
    for entry in entries or ():
        operation, version = entry["operation"], entry["apiVersion"]
        key = Manager(
            entry.get("manager", ""), operation, "" if operation == APPLY else version, entry.get("subresource", "")
        )
        out[key] = Owned(entry.get("fieldsV1") or {}, version, entry.get("time") or "", entry)
    return out


def is_reset(entries: Any) -> bool:
    """Whether a client asks for all ownership to be forgotten: `[]` or `[{}]`."""
    return isinstance(entries, list) and (not entries or (len(entries) == 1 and not any(entries[0].values())))


def encode(table: Table) -> list[Object]:
    """Appliers first, then by time."""
    if len(table) == 1:
        return [_entry(*item) for item in table.items()]
    return [_entry(key, table[key]) for key in sorted(table, key=lambda key: _order(key, table[key]))]


def _order(key: Manager, owned: Owned) -> tuple[str, ...]:
    return key.operation, owned.time, key.name, owned.api_version, key.subresource


def _entry(key: Manager, owned: Owned) -> Object:
    if owned.raw is not None:
        return owned.raw
    out: Object = {"manager": key.name} if key.name else {}
    out |= {"operation": key.operation, "apiVersion": owned.api_version}
    if owned.time:
        out["time"] = owned.time
    out["fieldsType"] = "FieldsV1"
    out["fieldsV1"] = orjson.loads(orjson.dumps(owned.fields, option=orjson.OPT_SORT_KEYS))
    if key.subresource:
        out["subresource"] = key.subresource
    return out


def same_but_time(one: list[Object] | None, two: list[Object] | None) -> bool:
    one, two = one or [], two or []
    if len(one) != len(two):
        return False
    return sorted(map(_timeless, one)) == sorted(map(_timeless, two))


def _timeless(entry: Object) -> bytes:
    rest = {name: value for name, value in entry.items() if name != "time"}
    return orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)


def capped(table: Table) -> Table:
    """At most ten managers that update; the oldest are joined into one for each version."""
    updaters = [key for key in table if key.operation == UPDATE]
    if len(updaters) <= _MOST_UPDATERS:
        return table
    updaters.sort(key=lambda key: (table[key].time, key.order))
    out = dict(table)
    count = len(updaters)
    firsts: dict[str, Manager] = {}
    for key in updaters:
        if count <= _MOST_UPDATERS:
            break
        version = table[key].api_version
        first = firsts.setdefault(version, key)
        if first == key:
            continue
        bucket = Manager(_JOINED, UPDATE, version, "")
        if bucket not in out:
            out[bucket] = out.pop(first)
        joined = fieldset.union(table[key].fields, out[bucket].fields)
        if key != bucket:
            out.pop(key)
        out[bucket] = Owned(joined, version, table[key].time)
        count -= 1
    return out
