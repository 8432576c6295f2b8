"""The field managers of a kind: one for the object and one for each subresource, made when first written through."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

from apiserver_stub.meta.managed import shape
from apiserver_stub.meta.managed.fieldmanager import FieldManager, Version
from apiserver_stub.registry.convert import Converter
from apiserver_stub.registry.strategy import Strategy
from apiserver_stub.schema import kinds, openapi, plan, presence

Object = dict[str, Any]

# What Go encodes as null where nobody set a required field.
_NULLS = frozenset({"array", "map", "object"})


class Owner(Protocol):
    """The part of a Registry that is needed here."""

    @property
    def resource(self) -> kinds.Resource: ...
    @property
    def strategy(self) -> Strategy: ...
    @property
    def node(self) -> openapi.Node: ...
    @property
    def converter(self) -> Converter | None: ...
    @property
    def sibling(self) -> Callable[[str], Owner | None]: ...


class Ownership:
    """Field managers by subresource."""

    def __init__(self, registry: Owner) -> None:
        self._registry = registry
        self._made: dict[str, FieldManager] = {}

    def of(self, subresource: str = "") -> FieldManager:
        found = self._made.get(subresource)
        if found is None:
            found = self._made[subresource] = self._make(subresource)
        return found

    def _make(self, subresource: str) -> FieldManager:
        registry = self._registry
        resource = registry.resource
        return FieldManager(
            shape=shape.of(registry.node),
            group=resource.group,
            kind=resource.kind,
            api_version=resource.api_version,
            subresource=subresource,
            reset=registry.strategy.reset_fields(subresource),
            empty={} if resource.is_custom else empty(registry.node),
            unchecked=resource.is_custom,
            in_version=functools.partial(_version, registry),
        )


@functools.cache
def _scale(api_version: str, kind: str) -> FieldManager:
    group, _, version = api_version.rpartition("/")
    node = openapi.node_for((group, version, kind))
    return FieldManager(
        shape=shape.of(node), group=group, kind=kind, api_version=api_version, subresource="scale", empty=empty(node)
    )


def of_scale(subresource: kinds.Subresource) -> FieldManager:
    """Of the Scale of any kind."""
    return _scale(f"{subresource.group}/{subresource.version}", subresource.kind)


def _version(registry: Owner, api_version: str) -> Version | None:
    other = registry.sibling(api_version)
    if other is None:
        return None
    return Version(shape.of(other.node), _conversion(registry.converter, other.converter))


def _conversion(own: Converter | None, other: Converter | None) -> Callable[[Object], Object]:
    def convert(obj: Object) -> Object:
        stored = own.to_stored(obj) if own else obj
        return other.from_stored(stored) if other else stored

    return convert


def empty(node: openapi.Node) -> Object:
    """A new object of a built-in kind as its Go type encodes it: null for required lists, maps and pointers."""
    if node.type != "object":
        return {}
    found: Object = plan.plan_for(node).convert({})
    _add_nulls(node, found)
    return found


def _add_nulls(node: openapi.Node, obj: Object) -> None:
    for name in node.required:
        inner = node.field(name)
        if inner is not None and inner.type in _NULLS and not presence.is_pointer(node.name, name):
            obj.setdefault(name, None)
    for name, value in obj.items():
        inner = node.field(name)
        if isinstance(value, dict) and inner is not None and inner.type == "object":
            _add_nulls(inner, value)
