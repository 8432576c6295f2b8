"""What policies need to know of the server: kinds of parameters, other versions of the same objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.criteria import ResourceName
from apiserver_stub.meta.managed import shape
from apiserver_stub.schema import openapi
from apiserver_stub.schema.kinds import Kinds, Resource

if TYPE_CHECKING:
    from apiserver_stub.registry.generic import Registry

Object = dict[str, Any]


class Catalog(Protocol):
    """The part of registry.catalog.Catalog that is used."""

    kinds: Kinds

    def find(self, group: str, version: str, name: str) -> Registry | None: ...

    def equivalents(self, resource: Resource) -> Iterable[Resource]: ...


@dataclass(frozen=True, slots=True)
class Target:
    """shape: of the objects' schema; renewed: a patched object with its defaults, raises StatusError (422)."""

    shape: shape.Shape
    renewed: Callable[[Object], Object]


class World:
    """Reads the newest state, writes on their way included."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that holds objects of a kind."""
        group, _, version = api_version.rpartition("/")
        return self._catalog.kinds.by_kind(group, version, kind)

    def registry(self, name: ResourceName) -> Registry:
        """Of a resource that is served."""
        found = self._catalog.find(*name)
        assert found is not None
        return found

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        registry = self.registry(_name(resource))
        entry = registry.log.head(registry.key(namespace, name))
        return None if entry is None else registry.object(entry)

    def of_namespace(self, resource: Resource, namespace: str) -> Iterator[Object]:
        """Of one namespace; all objects if the resource has none."""
        registry = self.registry(_name(resource))
        for entry in registry.log.heads(registry.table):
            if not resource.namespaced or entry.key.namespace == namespace:
                yield registry.object(entry)

    def equivalents(self, resource: Resource, subresource: str) -> list[ResourceName]:
        """Other names under which the same objects are served."""
        return [
            _name(other)
            for other in self._catalog.equivalents(resource)
            if _name(other) != _name(resource) and (not subresource or subresource in other.subresources)
        ]

    def target(self, a: Attributes, resource: ResourceName) -> Target:
        """How objects of a request are patched in the terms of a resource."""
        own = a.resource
        if a.kind == (own.group, own.version, own.kind):
            registry = self.registry(resource)
            return Target(shape.of(registry.node), registry.canonical)
        return Target(shape.of(openapi.node_for(a.kind)), lambda obj: obj)

    def converted(self, obj: Object, own: ResourceName, other: ResourceName) -> Object:
        """An object in another version, in which the same objects are served.

        Of custom resources only what it says of its version: their webhooks are not asked here.
        """
        here, there = self.registry(own), self.registry(other)
        resource = there.resource
        bare = {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
        if not resource.is_custom:
            bare = here.converter.to_stored(bare) if here.converter else bare
            bare = there.converter.from_stored(bare) if there.converter else bare
        return {"kind": resource.kind, "apiVersion": resource.api_version, **bare}


def _name(resource: Resource) -> ResourceName:
    return resource.group, resource.version, resource.name
