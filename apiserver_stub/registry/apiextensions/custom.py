"""The registry of one served version of a custom resource: objects stored whole, shown by version and schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from apiserver_stub.admission.chain import Chain
from apiserver_stub.meta import status
from apiserver_stub.registry import convert, metadata
from apiserver_stub.registry.apiextensions import bodies, conversion, scaling, strategy
from apiserver_stub.registry.apiextensions.columns import CustomColumns
from apiserver_stub.registry.apiextensions.served import Definition
from apiserver_stub.registry.generic import PATCH_TYPES, Registry, WriteOptions, Written
from apiserver_stub.registry.writes import Wish
from apiserver_stub.schema import decode as decoding
from apiserver_stub.schema import facts, kinds
from apiserver_stub.storage.log import Entry, Key, Log, stamp, unstamp

Object = dict[str, Any]

_STRATEGIC: Final = "application/strategic-merge-patch+json"
_BY_KEY: Final = ("metadata.name", "metadata.namespace")


class NotReady(Exception):
    """An entry has to be converted by a webhook before it can be read (see CustomRegistry.ready)."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.key)
        self.entry = entry


class CustomRegistry(Registry):
    """Reads and writes custom objects in one version.

    What is stored is the whole object in the storage version. How it reads in this version, pruned and with defaults,
    is kept with the entry (Entry.forms); nearly always that is: as it is stored.
    """

    patch_types = tuple(media for media in PATCH_TYPES if media != _STRATEGIC)

    def __init__(
        self,
        definition: Definition,
        resource: kinds.Resource,
        log: Log,
        admission: Chain,
        remote: conversion.Remote | None = None,
    ) -> None:
        """remote: where objects are converted between versions, None where only the apiVersion changes."""
        version, schema = definition.version(resource.version), definition.schema(resource.version)
        assert version is not None and schema is not None
        scale = scaling.CustomScale(version.scale) if version.scale is not None else None
        rules = strategy.CustomStrategy(resource, schema, scale, version.selectable)
        super().__init__(
            resource, lambda: rules, log, admission, served=convert.Served(definition.table), node=schema.node
        )
        if scale is not None:
            self.scale = scale
        self.scale_paths = {
            f"{definition.group}/{other.name}": scaling.CustomScale(other.scale).replicas_path if other.scale else None
            for other in definition.versions
        }
        self.definition = definition
        self.schema = schema
        self.columns = CustomColumns(version.columns)
        self.converts = True
        self.converts_remotely = remote is not None
        self._remote = remote
        self._version = version
        self._as_stored: Mapping[object, bytes | None] = {self: None}
        self._storage = f"{definition.group}/{definition.storage_version}"

    # -- what is different about the kind

    @property
    def field_selectors(self) -> facts.FieldSelectors:
        names = (*_BY_KEY, *(path.removeprefix(".") for path in self._version.selectable))
        return facts.FieldSelectors(names, "field label not supported: spec.none")

    @property
    def deprecation(self) -> str | None:
        return self._version.warning

    def list_meta(self, meta: Object) -> Object:
        return {"continue": "", **meta}

    # -- reading

    def object(self, entry: Entry) -> Object:
        found: Object = orjson.loads(self.whole(entry))
        return found

    def item(self, entry: Entry) -> bytes:
        """As it stands alone: items of lists carry kind and apiVersion as well."""
        return self.whole(entry)

    def whole(self, entry: Entry) -> bytes:
        """Raises NotReady."""
        forms = entry.forms
        if forms is None or self not in forms:
            self._keep_form(entry, self._show(entry))
            forms = entry.forms
            assert forms is not None
        form = forms[self]
        return entry.value if form is None else form

    def fields(self, entry: Entry) -> dict[str, str]:
        found = {"metadata.name": entry.key.name, "metadata.namespace": entry.key.namespace}
        return found | self.strategy.selectable_fields(self.object(entry))

    def moved(self, entry: Entry, revision: int) -> Entry:
        found = super().moved(entry, revision)
        form = (entry.forms or {}).get(self)
        if form is not None:
            found.forms = {self: stamp(unstamp(form), revision)}
        return found

    def is_current(self, entry: Entry) -> bool:
        return entry.value == self._show_stored(entry)

    async def ready(self, entries: Iterable[Entry]) -> None:
        """Has the entries converted that this version has not been shown yet. Raises StatusError (500)."""
        if self._remote is None:
            return
        waiting = [entry for entry in entries if entry.forms is None or self not in entry.forms]
        stored = [(entry, self._stored(entry)) for entry in waiting]
        others = [(entry, obj) for entry, obj in stored if obj["apiVersion"] != self.resource.api_version]
        converted = await self._remote.convert([obj for _, obj in others], self.resource.api_version)
        for (entry, _), obj in zip(others, converted, strict=True):
            self.schema.prune(obj)
            self._keep_form(entry, _encoded(obj, entry.revision))

    def _show(self, entry: Entry) -> bytes:
        """An entry in this version: pruned and with the defaults of the version that it is stored in."""
        obj = self._stored(entry)
        if obj["apiVersion"] != self.resource.api_version:
            if self._remote is not None:
                raise NotReady(entry)
            obj["apiVersion"] = self.resource.api_version
            self.schema.prune(obj)
        return _encoded(obj, entry.revision)

    def _show_stored(self, entry: Entry) -> bytes:
        """An entry as it would be stored today; differs from what it is where version, schema or defaults changed."""
        obj = self._stored(entry)
        if obj["apiVersion"] != self._storage:
            return b""
        return _encoded(obj, entry.revision)

    def _stored(self, entry: Entry) -> Object:
        obj = entry.decode()
        schema = self.definition.schema(str(obj["apiVersion"]).rpartition("/")[2])
        if schema is not None:
            schema.prune(obj)
            schema.default(obj)
        obj["metadata"].setdefault("generation", 1)
        return obj

    def _keep_form(self, entry: Entry, form: bytes) -> None:
        others: dict[object, bytes | None] = {
            key: value
            for key, value in (entry.forms or {}).items()
            if isinstance(key, CustomRegistry) and not key.closed
        }
        if form != entry.value:
            entry.forms = {**others, self: form}
        else:
            # The same object for all entries that need nothing else: it costs no memory.
            entry.forms = {**others, self: None} if others else self._as_stored

    # -- bodies

    def decode(self, raw: bytes, media: str, field_validation: decoding.FieldValidation) -> tuple[Object, list[str]]:
        return bodies.read(raw, media, self.resource, self.schema, field_validation)

    def check(self, obj: Object, field_validation: decoding.FieldValidation, quoted: str | None = None) -> list[str]:
        return bodies.check(obj, self.resource, self.schema, field_validation, quoted)

    async def converted(self, obj: Object, api_version: str) -> Object:
        """Raises StatusError (500)."""
        if self._remote is None:
            return {**obj, "apiVersion": api_version}
        (found,) = await self._remote.convert([obj], api_version)
        return found

    # -- writing

    async def create(
        self, obj: Object, namespace: str, options: WriteOptions, *, owners: list[Object] | None = None
    ) -> Written:
        if self.resource.terminating:
            error = status.method_not_supported(self.resource, "create")
            error.body["message"] = "create not allowed while custom resource definition is terminating"
            raise error
        return await super().create(obj, namespace, options, owners=owners)

    async def _fulfil(self, namespace: str, name: str, wish: Wish) -> Written:
        while True:
            try:
                return await super()._fulfil(namespace, name, wish)
            except NotReady as waiting:
                await self.ready([waiting.entry])

    def _check_version(self, obj: Object, old: Object, name: str) -> None:
        given = obj["metadata"].get("resourceVersion") or "0"
        if given == "0":
            # Named as the resource here, not as the kind.
            error = metadata.resource_version_required()
            raise status.invalid(self.resource.group, self.resource.name, name, [error])
        super()._check_version(obj, old, name)

    async def _store(self, key: Key, obj: Object, old: Entry | None, dry_run: bool) -> Entry:
        stored = obj
        if self._remote is not None and self.resource.api_version != self._storage:
            (stored,) = await self._remote.convert([obj], self._storage)
            self._prune_stored(stored)
        entry = await super()._store(key, stored, old, dry_run)
        if self.resource.api_version == self._storage:
            entry.forms = self._as_stored
        elif stored is not obj:
            self._keep_form(entry, _encoded(obj, entry.revision or (old.revision if old else 0)))
        return entry

    def _encode(self, obj: Object) -> bytes:
        """As stored; an object that a webhook would have to convert stays in its version, it is only shown."""
        if obj["apiVersion"] != self._storage and self._remote is None:
            obj = orjson.loads(orjson.dumps(obj)) | {"apiVersion": self._storage}
            self._prune_stored(obj)
        return _plain(obj)

    def _prune_stored(self, obj: Object) -> None:
        schema = self.definition.schema(self.definition.storage_version)
        if schema is not None:
            schema.prune(obj)


def _encoded(obj: Object, revision: int) -> bytes:
    return stamp(_plain(obj), revision) if revision else _plain(obj)


def _plain(obj: Object) -> bytes:
    """An object whole, metadata first and without resourceVersion, as the log wants it."""
    meta = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
    return orjson.dumps({"metadata": meta} | {name: value for name, value in obj.items() if name != "metadata"})
