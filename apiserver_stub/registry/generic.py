"""The one write path of all kinds: place, admit, prepare, validate, store."""

from collections.abc import Callable
from typing import Any

import orjson

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.chain import Gate
from apiserver_stub.meta import names, status
from apiserver_stub.registry import metadata, upkeep
from apiserver_stub.registry.reading import PATCH_TYPES as PATCH_TYPES
from apiserver_stub.registry.reading import Reader
from apiserver_stub.registry.upkeep import now as now
from apiserver_stub.registry.writes import Part as Part
from apiserver_stub.registry.writes import Wish
from apiserver_stub.registry.writes import WriteOptions as WriteOptions
from apiserver_stub.registry.writes import Written as Written
from apiserver_stub.storage.log import Change, Conflict, Entry, Key, encode, stamp

Object = dict[str, Any]

# How many names are tried for a generateName.
_ATTEMPTS = 8
# Subresources that change the spec as an update does.
_NEW_GENERATION = ("ephemeralcontainers", "resize")


class _Overtaken(Exception):
    """The object changed meanwhile: the update begins anew with what it is now."""


class Registry(Reader):
    """One resource in one version: reads and writes its objects by the rules of its strategy."""

    async def create(
        self, obj: Object, namespace: str, options: WriteOptions, *, owners: list[Object] | None = None
    ) -> Written:
        """Raises StatusError (400, 403, 404, 409, 422).

        owners: the managedFields, if the one who calls knows better than that options.field_manager sets everything.
        """
        resource, strategy = self.resource, self.strategy
        upkeep.place(resource, obj, namespace)
        repeated = upkeep.drop_duplicate_owners(obj)
        strategy.default(obj)
        given = obj["metadata"].pop("managedFields", None)
        if owners is None:
            owners = self.owners.of().update(None, obj, given, options.field_manager, now())
        upkeep.own(obj, owners)
        a = Attributes(
            "CREATE", resource, namespace, upkeep.named(obj), obj, dry_run=options.dry_run, user=options.user
        )
        a.options = options.shown("CreateOptions")
        if options.annotations is not None:
            a.annotations = options.annotations
        self.gate.admit(a)
        if self.gate.asks(a):
            generated = await self._ask(a, repeated, owners)
        else:
            generated = self._prepare_create(a, a.obj or {})
        obj = a.obj or {}
        warnings = repeated + strategy.warnings(obj, None)
        if obj["metadata"].get("resourceVersion") not in (None, "", "0"):
            raise status.unknown("resourceVersion should not be set on objects to be created")
        key = self._free(obj, namespace, generated=generated)
        await self.gate.charge(a)
        return Written(await self._store(key, obj, None, options.dry_run), True, warnings + a.warnings)

    def _prepare_create(self, a: Attributes, obj: Object) -> bool:
        """Makes and checks what is to be stored; whether its name was generated. Raises StatusError (403, 422)."""
        upkeep.begin(obj)
        self.strategy.prepare_create(obj)
        generated = upkeep.name_it(obj)
        self._validate(obj, metadata.validate(self.resource, obj) + self.strategy.validate(obj))
        self.gate.validate(a)
        return generated

    async def _ask(self, a: Attributes, repeated: list[str], owners: list[Object]) -> bool:
        """As _prepare_create, with the help of other programs; a.obj becomes what is to be stored."""
        await self.gate.ask_to_admit(a)
        assert a.obj is not None
        upkeep.place(self.resource, a.obj, a.namespace)
        repeated += upkeep.drop_duplicate_owners(a.obj)
        upkeep.restore_owners(a.obj, owners)
        wanted = a.obj
        for _ in range(_ATTEMPTS):
            a.obj = orjson.loads(orjson.dumps(wanted))
            generated = self._prepare_create(a, a.obj)
            await self.gate.ask_to_validate(a)
            # Others wrote meanwhile: an address or port that was free may be taken now, and another has to be found.
            if not self.strategy.validate(a.obj):
                break
        self.gate.validate(a)
        return generated

    def _free(self, obj: Object, namespace: str, *, generated: bool) -> Key:
        """Where a new object goes; a generated name that is taken is made again. Raises StatusError (409)."""
        meta = obj["metadata"]
        for attempt in range(_ATTEMPTS if generated else 1):
            if attempt:
                meta["name"] = names.generate(meta["generateName"])
            key = self.key(namespace, meta["name"])
            if self.log.head(key) is None:
                return key
        if generated:
            raise status.generate_name_conflict(self.resource, meta["name"])
        raise status.already_exists(self.resource, meta["name"])

    async def update(
        self,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        options: WriteOptions,
        subresource: str = "",
        *,
        uid_is_precondition: bool = False,
        owned: bool = False,
        part: Part | None = None,
    ) -> Written:
        """Replaces an object by change(object). Raises StatusError (400, 404, 409, 422).

        change: gets a fresh copy, may raise StatusError. Of subresources other than status it alone decides what
        they may change. uid_is_precondition: a wrong metadata.uid means another object, not a wish to change it.
        owned: whether the managedFields of what `change` returns already tell of the change. part: the subresource
        `scale`, by which the object is changed.
        """
        return await self._fulfil(namespace, name, Wish(change, options, subresource, uid_is_precondition, owned, part))

    async def _fulfil(self, namespace: str, name: str, wish: Wish) -> Written:
        while True:
            key = self.key(namespace, name)
            entry = self.log.head(key)
            if entry is None:
                raise status.not_found(self.resource, name)
            try:
                return await self._update(entry, wish)
            except _Overtaken:
                continue

    async def _update(self, entry: Entry, wish: Wish) -> Written:
        """One attempt. Raises StatusError, or _Overtaken when the object changed while other programs were asked."""
        key, options, subresource = entry.key, wish.options, wish.subresource
        old = self.object(entry)
        obj = wish.change(self.object(entry))
        upkeep.place(self.resource, obj, key.namespace)
        repeated = upkeep.drop_duplicate_owners(obj)
        self._check_version(obj, old, key.name)
        if wish.uid_is_precondition:
            upkeep.check_uid(self.resource, obj, old, key)
        upkeep.keep(obj, old)
        if subresource != "binding":
            self.strategy.default(obj)
            if not wish.owned:
                given = obj["metadata"].pop("managedFields", None)
                upkeep.own(obj, self.owners.of(subresource).update(old, obj, given, options.field_manager, now()))
        a = self._attributes(key, obj, old, wish)
        gate = Gate() if subresource == "binding" else self.gate
        gate.admit(a)
        asks = gate.asks(a)
        if asks:
            await gate.ask_to_admit(a)
        obj = self._admitted(a, obj, old, wish, repeated)
        self._prepare_update(obj, old, subresource)
        upkeep.keep_times(obj, old)
        gate.validate(a)
        if asks:
            await gate.ask_to_validate(a)
            if self.log.head(key) is not entry or self._is_outdated(obj, old, subresource):
                raise _Overtaken
            gate.validate(a)
        warnings = repeated + a.warnings
        if not subresource:
            warnings = self.strategy.warnings(obj, old) + warnings
        if upkeep.is_equal(obj, old) and self.is_current(entry):
            return Written(entry, False, warnings)
        if self._is_finished(obj, old):
            return Written(await self._finish(entry, obj, options.dry_run), False, warnings)
        await gate.charge(a)
        return Written(await self._store(key, obj, entry, options.dry_run), False, warnings)

    def _attributes(self, key: Key, obj: Object, old: Object, wish: Wish) -> Attributes:
        a = Attributes("UPDATE", self.resource, key.namespace, key.name, obj, old, wish.subresource)
        if wish.part is not None:
            a.subresource, a.obj, a.old = "scale", wish.part.live(obj), wish.part.live(old)
        a.dry_run, a.user, a.options = wish.options.dry_run, wish.options.user, wish.options.shown("UpdateOptions")
        if wish.options.annotations is not None:
            a.annotations = wish.options.annotations
        return a

    def _admitted(self, a: Attributes, obj: Object, old: Object, wish: Wish, repeated: list[str]) -> Object:
        """The object as mutating admission left it. Raises StatusError (400)."""
        assert a.obj is not None
        if wish.part is not None:
            return obj if a.obj == wish.part.live(obj) else wish.part.put(obj, a.obj)
        if a.obj is obj:
            return obj
        owners = obj["metadata"].get("managedFields") or []
        upkeep.place(self.resource, a.obj, a.namespace)
        repeated += upkeep.drop_duplicate_owners(a.obj)
        upkeep.keep(a.obj, old)
        upkeep.restore_owners(a.obj, owners)
        return a.obj

    def _is_outdated(self, obj: Object, old: Object, subresource: str) -> bool:
        """Whether what the update was given (ports, addresses) has been given to others while programs were asked."""
        return not subresource and bool(self.strategy.validate_update(obj, old))

    def _prepare_update(self, obj: Object, old: Object, subresource: str) -> None:
        strategy = self.strategy
        if subresource == "status":
            strategy.prepare_status_update(obj, old)
            errors = strategy.validate_status_update(obj, old)
        elif not subresource:
            strategy.prepare_update(obj, old)
            errors = strategy.validate_update(obj, old)
        else:
            errors = strategy.validate_part_update(obj, old, subresource)
            if subresource in _NEW_GENERATION and obj.get("spec") != old.get("spec"):
                obj["metadata"]["generation"] = int(old["metadata"].get("generation", 0)) + 1
        self._validate(obj, metadata.validate_update(self.resource, obj, old) + errors)

    def _check_version(self, obj: Object, old: Object, name: str) -> None:
        meta = obj["metadata"]
        given = meta.get("resourceVersion") or "0"
        if not (given.isascii() and given.isdigit()):
            raise status.unknown(f'strconv.ParseUint: parsing "{given}": invalid syntax')
        if given != "0" and given != old["metadata"]["resourceVersion"]:
            raise status.modified(self.resource, name)
        if given == "0" and not self.strategy.allow_unconditional_update:
            error = metadata.resource_version_required()
            raise status.invalid(self.resource.group, self.resource.kind, name, [error])

    def _validate(self, obj: Object, errors: list[Any]) -> None:
        if errors:
            name = obj["metadata"].get("name", "")
            # By the group of the stored kind: Events of events.k8s.io are core's inside.
            raise status.invalid(self.table[0], self.resource.kind, name, errors)

    def _is_finished(self, obj: Object, old: Object) -> bool:
        """Whether nothing keeps a deleted object any more."""
        meta = old["metadata"]
        if not meta.get("deletionTimestamp") or meta.get("deletionGracePeriodSeconds"):
            return False
        return not obj["metadata"].get("finalizers") and not self.strategy.held(obj)

    async def _finish(self, entry: Entry, obj: Object, dry_run: bool) -> Entry:
        """Removes the object; the answer is how it would have been stored."""
        revision = entry.revision
        if not dry_run:
            revision = (await self.remove(entry)).revision
        return Entry(entry.key, revision, self.encoded(obj, revision), entry.labels)

    async def remove(self, entry: Entry) -> Entry:
        """Raises StatusError (409)."""
        try:
            return await self.log.append(Change(entry.key, None, entry.revision))
        except Conflict:
            raise status.modified(self.resource, entry.key.name) from None

    async def replace(self, entry: Entry, obj: Object, dry_run: bool) -> Entry:
        """Stores an object that is already checked."""
        return await self._store(entry.key, obj, entry, dry_run)

    async def _store(self, key: Key, obj: Object, old: Entry | None, dry_run: bool) -> Entry:
        value = self._encode(obj)
        labels = obj["metadata"].get("labels")
        if dry_run:
            return Entry(key, 0, stamp(value, old.revision) if old else value, labels)
        try:
            return await self.log.append(Change(key, value, old.revision if old else 0, labels))
        except Conflict:
            raise status.modified(self.resource, key.name) from None

    def encoded(self, obj: Object, revision: int) -> bytes:
        """An object as an entry holds it."""
        return stamp(self._encode(obj), revision)

    def _encode(self, obj: Object) -> bytes:
        return encode(self.converter.to_stored(obj) if self.converter else obj)
