"""How the objects of one resource in one version are found, shown and read from requests."""

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, cast

import orjson

from apiserver_stub.admission.chain import Chain
from apiserver_stub.meta import status
from apiserver_stub.registry import convert, ownership
from apiserver_stub.registry import scale as scales
from apiserver_stub.registry.strategy import Strategy
from apiserver_stub.schema import decode as bodies
from apiserver_stub.schema import facts, kinds, openapi
from apiserver_stub.storage.log import Entry, Key, Log, stamp, unstamp

Object = dict[str, Any]


class Columns(Protocol):
    """The Table columns of a kind that brings its own."""

    @property
    def definitions(self) -> list[Object]: ...

    def cells(self, obj: Mapping[str, Any], now: datetime.datetime) -> list[Any]: ...


class Scaling(Protocol):
    """How a kind shows itself as an autoscaling/v1 Scale; the module registry/scale.py is one."""

    def of(self, obj: Object) -> Object: ...

    def live(self, obj: Object) -> Object: ...

    def put(self, obj: Object, scale: Object) -> Object: ...


PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


class Reader:
    """One resource in one version, without writing.

    The attributes say what is the same for all built-in kinds; custom resources have their own.
    """

    columns: Columns | None = None
    scale: Scaling = cast(Scaling, scales)
    patch_types: tuple[str, ...] = PATCH_TYPES
    # Whether entries may have to be changed before they are shown: their bytes are not those of an answer.
    converts = False
    # Whether reading may need another program (see ready).
    converts_remotely = False
    # Whether the resource is no longer served so: watches end.
    closed = False

    def __init__(
        self,
        resource: kinds.Resource,
        make_strategy: Callable[[], Strategy],
        log: Log,
        admission: Chain,
        *,
        served: convert.Served | None = None,
        node: openapi.Node | None = None,
    ) -> None:
        """make_strategy: is called when something is to be written for the first time.

        served, node: where and by which schema the objects are kept; a built-in kind's own if not given.
        """
        self.resource = resource
        self.log = log
        self.gate = admission.gate(resource)
        self._make_strategy = make_strategy
        self._node = node
        served = served or convert.served(resource.group, resource.version, resource.name)
        self.table = served.table
        self.converter = served.converter
        # The same objects in another version, None if they are not served so; the catalog knows.
        self.sibling: Callable[[str], Reader | None] = lambda api_version: None
        self.owners = ownership.Ownership(self)
        # Where each version has the number that a Scale shows as spec.replicas.
        self.scale_paths: Mapping[str, tuple[str, ...] | None] = {resource.api_version: ("spec", "replicas")}
        self.converts = self.converter is not None
        # What an encoded object begins with when it stands alone; in lists of its kind this is left out.
        self.prefix = b'{"kind":"%b","apiVersion":"%b",' % (resource.kind.encode(), resource.api_version.encode())

    # Most kinds are only ever listed on a node: what writing them needs is made for those that are written.

    @functools.cached_property
    def strategy(self) -> Strategy:
        return self._make_strategy()

    @functools.cached_property
    def node(self) -> openapi.Node:
        return self._node or openapi.node_for(self.resource)

    # -- reading

    def key(self, namespace: str, name: str) -> Key:
        return Key(*self.table, namespace if self.resource.namespaced else "", name)

    def get(self, namespace: str, name: str) -> Entry:
        """Raises StatusError (404)."""
        entry = self.log.get(self.key(namespace, name))
        if entry is None:
            raise status.not_found(self.resource, name)
        return entry

    def object(self, entry: Entry) -> Object:
        """A fresh object of this version."""
        obj = entry.decode()
        if self.converter:
            obj = self.converter.from_stored(obj)
        return {"kind": self.resource.kind, "apiVersion": self.resource.api_version, **obj}

    def item(self, entry: Entry) -> bytes:
        """The object as it stands in a list: without kind and apiVersion."""
        if self.converter:
            return orjson.dumps(self.converter.from_stored(entry.decode()))
        return entry.value

    def whole(self, entry: Entry) -> bytes:
        """The object as it stands alone."""
        return self.prefix + self.item(entry)[1:]

    def fields(self, entry: Entry) -> dict[str, str]:
        """Values for field selectors."""
        if entry.fields is None or self.converter:
            found = {"metadata.name": entry.key.name, "metadata.namespace": entry.key.namespace}
            entry.fields = found | self.strategy.selectable_fields(self.object(entry))
        return entry.fields

    @property
    def field_selectors(self) -> facts.FieldSelectors | None:
        return facts.field_selectors(self.resource)

    @property
    def deprecation(self) -> str | None:
        """A warning that goes with every answer."""
        return facts.deprecation(self.resource)

    def list_meta(self, meta: Object) -> Object:
        """metadata of a list as this kind's lists show it."""
        return meta

    def moved(self, entry: Entry, revision: int) -> Entry:
        """The same state at another revision: what a watch shows of an object that leaves its selection."""
        return Entry(entry.key, revision, stamp(unstamp(entry.value), revision), entry.labels)

    def is_current(self, entry: Entry) -> bool:
        """Whether an object would be stored again just as it is; else an update without change rewrites it."""
        return True

    async def ready(self, entries: Iterable[Entry]) -> None:
        """To be awaited before entries are read where converts_remotely. Raises StatusError."""

    # -- bodies

    def decode(self, raw: bytes, media: str, field_validation: bodies.FieldValidation) -> tuple[Object, list[str]]:
        """The object in a request body by the kind's schema, and warnings. Raises StatusError (400)."""
        return bodies.decode(raw, media, self.resource, field_validation, node=self.node)

    def check(self, obj: Object, field_validation: bodies.FieldValidation, quoted: str | None = None) -> list[str]:
        """Prunes a patched object in place; returns warnings. Raises StatusError (422)."""
        return bodies.check(obj, self.resource, field_validation, quoted=quoted, node=self.node)

    def canonical(self, obj: Object) -> Object:
        """What other programs made of an object, as if a client had sent it. Raises StatusError (422)."""
        self.check(obj, "Ignore")
        if not isinstance(obj.get("metadata"), dict):
            obj["metadata"] = {}
        self.strategy.default(obj)
        return obj

    async def converted(self, obj: Object, api_version: str) -> Object:
        """An object of this version in another one that is served. Raises StatusError."""
        other = self.sibling(api_version)
        if other is None:
            raise status.internal(f"unable to convert to {api_version}")
        body = {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
        if self.converter:
            body = self.converter.to_stored(body)
        if other.converter:
            body = other.converter.from_stored(body)
        return {"kind": other.resource.kind, "apiVersion": api_version, **body}
