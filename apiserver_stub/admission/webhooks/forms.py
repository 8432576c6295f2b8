"""An object in the versions in which webhooks want to see it (matchPolicy Equivalent)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from apiserver_stub.admission import criteria
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.schema import decode, kinds

Object = dict[str, Any]


class Registry(Protocol):
    """The part of a resource's registry that is needed."""

    @property
    def resource(self) -> kinds.Resource: ...

    def canonical(self, obj: Object) -> Object: ...

    async def converted(self, obj: Object, api_version: str) -> Object: ...


class Served(Protocol):
    """What is served: the part of the catalog that is needed."""

    def find(self, group: str, version: str, name: str) -> Registry | None: ...

    def equivalents(self, resource: kinds.Resource) -> Iterable[kinds.Resource]: ...


class Forms:
    """The objects of one request in other versions; kept until the object changes."""

    def __init__(self, served: Served, a: Attributes) -> None:
        self._served = served
        self._a = a
        self._old: dict[str, Object] = {}
        self._new: dict[str, tuple[Object, Object]] = {}

    async def new(self, resource: kinds.Resource) -> Object | None:
        """Raises StatusError."""
        obj = self._a.obj
        if obj is None or not self._is_foreign(resource):
            return _with_head(self._a, obj)
        found = self._new.get(resource.api_version)
        if found is None or found[0] is not obj:
            found = obj, await self._converted(obj, self._a.resource, resource)
            self._new[resource.api_version] = found
        return found[1]

    async def old(self, resource: kinds.Resource) -> Object | None:
        """Raises StatusError."""
        old = self._a.old
        if old is None or not self._is_foreign(resource):
            return _with_head(self._a, old)
        if resource.api_version not in self._old:
            self._old[resource.api_version] = await self._converted(old, self._a.resource, resource)
        return self._old[resource.api_version]

    async def put(self, obj: Object, resource: kinds.Resource) -> None:
        """Takes over what somebody made of the object in a version. Raises StatusError."""
        if not self._is_own_kind():
            part = self._a.resource.subresources[self._a.subresource]
            decode.check(obj, part, "Ignore")
            self._a.obj = obj
            return
        obj = self._registry(resource).canonical(obj)
        if self._is_foreign(resource):
            obj = await self._converted(obj, resource, self._a.resource)
            obj = self._registry(self._a.resource).canonical(obj)
        self._a.obj = obj

    def _is_own_kind(self) -> bool:
        """Whether the request's object is one of the resource, not a Scale or PodExecOptions."""
        own = self._a.resource
        return self._a.kind == (own.group, own.version, own.kind)

    def _is_foreign(self, resource: kinds.Resource) -> bool:
        return self._is_own_kind() and resource.api_version != self._a.resource.api_version

    async def _converted(self, obj: Object, source: kinds.Resource, target: kinds.Resource) -> Object:
        return await self._registry(source).converted(obj, target.api_version)

    def _registry(self, resource: kinds.Resource) -> Registry:
        found = self._served.find(resource.group, resource.version, resource.name)
        if found is None:
            raise status.internal(f"unable to convert to {resource.api_version}, Resource={resource.name}")
        return found


def others(served: Served, a: Attributes) -> list[kinds.Resource]:
    """What else serves the same objects, with the request's subresource."""
    return [
        other
        for other in served.equivalents(a.resource)
        if (other.group, other.version, other.name) != criteria.name_of(a)
        and (not a.subresource or a.subresource in other.subresources)
    ]


def _with_head(a: Attributes, obj: Object | None) -> Object | None:
    """Objects that the server makes itself may not say what they are."""
    if obj is None or obj.get("kind"):
        return obj
    group, version, kind = a.kind
    return {"kind": kind, "apiVersion": f"{group}/{version}" if group else version, **obj}
