"""The two ways in which a write changes who manages what: update (any write) and apply. Pure; see KEP-555."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from apiserver_stub.meta import status
from apiserver_stub.meta.managed import compare, conflicts, entries, fieldset, lastapplied, merge, typed
from apiserver_stub.meta.managed.entries import Manager, Owned, Table
from apiserver_stub.meta.managed.fieldset import Set
from apiserver_stub.meta.managed.shape import KeyFault, Shape

Object = dict[str, Any]

_BEFORE_APPLY: Final = "before-first-apply"
_TOO_DEEP: Final = (RecursionError, orjson.JSONEncodeError)
_UNTRACKED: Final = compare.untracked()


@dataclass(frozen=True, slots=True)
class Version:
    """Another version of a kind: its shape, and how an object of the field manager's version becomes one of it."""

    shape: Shape
    convert: Callable[[Object], Object]


def _alone(api_version: str) -> Version | None:
    return None


@dataclass(slots=True)
class FieldManager:
    """Managers of the fields of one kind in one version, written through one subresource ("" for the object itself).

    reset: fields that a write through here can't change. empty: a new object before anything is set, as the API's
    types encode it. unchecked: whether objects come here that may not fit the schema.
    in_version: another version of the kind, None for one that is not served.
    """

    shape: Shape
    group: str
    kind: str
    api_version: str
    subresource: str = ""
    reset: tuple[tuple[str, ...], ...] = ()
    empty: Object = field(default_factory=dict)
    unchecked: bool = False
    in_version: Callable[[str], Version | None] = _alone
    _skipped: frozenset[str] = field(init=False)
    _reset: Set = field(init=False)

    def __post_init__(self) -> None:
        self._skipped = frozenset(path[0] for path in self.reset if len(path) == 1)
        self._reset = fieldset.of_paths(*self.reset)

    # -- update

    def update(self, live: Object | None, new: Object, given: Any, name: str, now: str) -> list[Object]:
        """The managedFields of an object that was created or updated by the manager `name`.

        live: None for a create. given: managedFields in the request. An object that nobody manages stays so.
        """
        stored = live["metadata"].get("managedFields") if live is not None else None
        try:
            if self.unchecked and not self._fit(self.shape, live or {}, new):
                return []
            table = self._given(stored, given)
            if live is not None and not table:
                return []
            return entries.encode(self._updated(table, self.empty if live is None else live, new, name, now))
        except (compare.Undeclared, KeyFault, *_TOO_DEEP):
            # An object that does not fit its schema has no managers, as upstream.
            return []

    def _given(self, stored: list[Object] | None, given: Any) -> Table:
        """Managers from the request where they can be read (a client may edit them), else those that were stored."""
        if given is not None and given != stored and not self.subresource:
            if entries.is_reset(given):
                return {}
            try:
                table = entries.decode(given)
            except entries.Malformed:
                table = {}
            if table:
                return table
        return entries.decode_stored(stored)

    def _updated(self, table: Table, live: Object, new: Object, name: str, now: str) -> Table:
        changed, removed = self._changes(live, new)
        if not changed and not removed:
            return table
        table = self._settled(table, live, new, changed, removed, None)
        mine = fieldset.difference(changed, _UNTRACKED)
        if mine:
            key = entries.manager(name, "Update", self.api_version, self.subresource)
            before = table.get(key)
            if before is not None:
                mine = fieldset.union(before.fields, mine)
            table[key] = Owned(mine, self.api_version, now)
        return entries.capped(table)

    @staticmethod
    def _fit(shape: Shape, *objects: Object) -> bool:
        return not any(typed.faults(shape, obj, duplicates=True) for obj in objects)

    def _changes(self, live: Object, new: Object) -> tuple[Set, Set]:
        changed, removed = compare.changes(self.shape, live, new, self._skipped)
        return fieldset.without(changed, self._reset), fieldset.without(removed, self._reset)

    def _settled(
        self, table: Table, live: Object, new: Object, changed: Set, removed: Set, applier: Manager | None
    ) -> Table:
        """What the managers besides `applier` still own after the change."""
        out: Table = {}
        others: dict[str, tuple[Set, Set] | None] = {self.api_version: (changed, removed)}
        for key, owned in table.items():
            if key == applier:
                out[key] = owned
                continue
            found = self._seen_in(owned.api_version, live, new, others)
            if found is None:
                continue
            fields = fieldset.difference(fieldset.difference(owned.fields, found[0]), found[1])
            if fields:
                out[key] = owned if fields == owned.fields else owned.with_fields(fields)
        return out

    def _seen_in(
        self, api_version: str, live: Object, new: Object, known: dict[str, tuple[Set, Set] | None]
    ) -> tuple[Set, Set] | None:
        """The change as it looks in another version; None for one that is not served any more."""
        if api_version not in known:
            version = self.in_version(api_version)
            known[api_version] = None
            if version is not None:
                before, after = version.convert(live), version.convert(new)
                # What does not fit the other version is judged as it is: nobody owns there what it does not have.
                fits = not self.unchecked or self._fit(version.shape, before, after)
                known[api_version] = (
                    compare.changes(version.shape, before, after, self._skipped) if fits else known[self.api_version]
                )
        return known[api_version]

    # -- apply

    def apply(
        self, live: Object | None, config: Object, name: str, now: str, *, force: bool
    ) -> tuple[Object, list[Object]]:
        """The object after the configuration was applied, and its managedFields.

        live: None for an object to be created. Raises StatusError: 400 for a body of another kind, 409 for conflicts,
        500 for one that does not fit the schema (as upstream).
        """
        self._check_head(config)
        table = entries.decode_stored(live["metadata"].get("managedFields")) if live is not None else {}
        live = _content(live) if live is not None else None
        try:
            return self._applied(table, live, config, name, now, force=force)
        except _TOO_DEEP:
            raise status.bad_request("the configuration is nested too deeply") from None
        except conflicts.Conflicts as found:
            if name != lastapplied.MANAGER or live is None:
                raise found.status() from None
            left = lastapplied.not_from_client(found, self.shape, live)
            if left:
                raise conflicts.Conflicts(left).status() from None
            return self._applied(table, live, config, name, now, force=True)

    def _check_head(self, config: Object) -> None:
        api_version, kind = _text(config, "apiVersion"), _text(config, "kind")
        if (api_version, kind) != (self.api_version, self.kind):
            raise status.bad_request(f"invalid object type: {_gvk(api_version, kind)}")

    def _applied(
        self, table: Table, live: Object | None, config: Object, name: str, now: str, *, force: bool
    ) -> tuple[Object, list[Object]]:
        base = self.empty if live is None else live
        if not table and live is not None:
            table = self._updated(table, self.empty, live, _BEFORE_APPLY, now)
        self._check_config(config)
        if live is not None and self.unchecked and (fault := typed.faults(self.shape, live, duplicates=True)):
            raise status.unknown(f"failed to create typed live object ({_named(live)}): {fault}")
        key = entries.manager(name, "Apply", self.api_version, self.subresource)
        last = table.get(key)
        table = {who: owned.with_fields(merge.reconciled(self.shape, owned.fields)) for who, owned in table.items()}
        fields = fieldset.without(compare.applied(self.shape, config), self._reset)
        table[key] = Owned(fields, self.api_version, last.time if last else "")
        new = config if live is None else self._pruned(merge.merged(self.shape, live, config), table, last)
        table = self._contested(table, base, new, key, force=force)
        if (kept := table.pop(key, None)) and (mine := fieldset.difference(kept.fields, _UNTRACKED)):
            table[key] = Owned(mine, self.api_version, kept.time if _same(live, new) else now)
        return new, entries.encode(table)

    def _check_config(self, config: Object) -> None:
        if _metadata(config).get("managedFields") is not None:
            raise status.bad_request("metadata.managedFields must be nil")
        if fault := typed.faults(self.shape, config, duplicates=False):
            raise status.unknown(f"failed to create typed patch object ({_named(config)}): {fault}")

    def _pruned(self, new: Object, table: Table, last: Owned | None) -> Object:
        if last is None:
            return new
        owned: Set = {}
        for other in table.values():
            owned = fieldset.union(owned, other.fields)
        return merge.pruned(self.shape, new, last.fields, owned)

    def _contested(self, table: Table, live: Object, new: Object, key: Manager, *, force: bool) -> Table:
        """Raises Conflicts."""
        changed, removed = self._changes(live, new)
        if not force:
            found = {}
            seen: dict[str, tuple[Set, Set] | None] = {self.api_version: (changed, removed)}
            for who, owned in table.items():
                there = self._seen_in(owned.api_version, live, new, seen) if who != key else None
                if there and (fields := fieldset.intersection(owned.fields, there[0])):
                    found[who] = fields
            if found:
                raise conflicts.Conflicts(found)
        return self._settled(table, live, new, changed, removed, key)


def _same(live: Object | None, new: Object) -> bool:
    return live is not None and live == new


def _content(obj: Object) -> Object:
    metadata = {name: value for name, value in (obj.get("metadata") or {}).items() if name != "managedFields"}
    return {**obj, "metadata": metadata}


def _gvk(api_version: str, kind: str) -> str:
    group, _, version = api_version.rpartition("/")
    return f"{group}/{version}, Kind={kind}"


def _named(obj: Object) -> str:
    metadata = _metadata(obj)
    name = f"{_text(metadata, 'namespace')}/{_text(metadata, 'name')}"
    return f"{name}; {_gvk(_text(obj, 'apiVersion'), _text(obj, 'kind'))}"


def _metadata(obj: Object) -> Object:
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def _text(obj: Object, name: str) -> str:
    """A string of a body that may hold anything."""
    found = obj.get(name)
    return found if isinstance(found, str) else ""
