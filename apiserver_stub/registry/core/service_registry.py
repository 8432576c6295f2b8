"""The registry of Services: for each address that a Service has it keeps an IPAddress (networking.k8s.io)."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import status
from apiserver_stub.registry.core import service
from apiserver_stub.registry.generic import Registry, WriteOptions, Written
from apiserver_stub.registry.writes import Wish
from apiserver_stub.storage.log import Entry, Key

Object = dict[str, Any]

_FAMILY: Final = "ipaddress.kubernetes.io/ip-family"
_MANAGER: Final = "ipaddress.kubernetes.io/managed-by"
ALLOCATOR: Final = "ipallocator.k8s.io"
_WRITER: Final = WriteOptions(field_manager="kube-apiserver")


class ServiceRegistry(Registry):
    """addresses: the registry of IPAddresses, set once by who makes both."""

    addresses: Registry

    async def create(
        self, obj: Object, namespace: str, options: WriteOptions, *, owners: list[Object] | None = None
    ) -> Written:
        with service.trying(on=options.dry_run):
            return await super().create(obj, namespace, options, owners=owners)

    async def _fulfil(self, namespace: str, name: str, wish: Wish) -> Written:
        with service.trying(on=wish.options.dry_run):
            return await super()._fulfil(namespace, name, wish)

    async def remove(self, entry: Entry) -> Entry:
        removed = await super().remove(entry)
        await self._settle(entry.decode(), None)
        return removed

    async def repair(self) -> None:
        """Makes the IPAddresses that Services lack, removes those whose Service is gone; once, at start."""
        held: set[str] = set()
        for entry in self.log.heads(self.table):
            obj = entry.decode()
            held.update(_addresses(obj))
            await self._settle(None, obj)
        for entry in list(self.log.heads(self.addresses.table)):
            mine = (entry.labels or {}).get(_MANAGER) == ALLOCATOR
            if mine and entry.key.name not in held:
                await self.addresses.remove(entry)

    async def _store(self, key: Key, obj: Object, old: Entry | None, dry_run: bool) -> Entry:
        before = old.decode() if old else None
        entry = await super()._store(key, obj, old, dry_run)
        if not dry_run:
            await self._settle(before, obj)
        return entry

    async def _settle(self, before: Object | None, now: Object | None) -> None:
        """Brings the IPAddresses of one Service from what it had to what it has."""
        had, has = _addresses(before), _addresses(now)
        for address in has:
            if address not in had and now is not None:
                await self._claim(address, now)
        for address in had:
            if address not in has and before is not None:
                await self._release(address, before)

    async def _claim(self, address: str, owner: Object) -> None:
        found = self.addresses.log.head(self.addresses.key("", address))
        if found is not None:
            if _parent(found.decode()) == _reference(owner):
                return
            await self.addresses.remove(found)
        body = {
            "metadata": {
                "name": address,
                "labels": {_FAMILY: "IPv6" if ":" in address else "IPv4", _MANAGER: ALLOCATOR},
            },
            "spec": {"parentRef": _reference(owner)},
        }
        try:
            await self.addresses.create(body, "", _WRITER)
        except status.StatusError as error:
            # Somebody else made it meanwhile: the address is held all the same.
            if error.code != 409:
                raise

    async def _release(self, address: str, owner: Object) -> None:
        found = self.addresses.log.head(self.addresses.key("", address))
        if found is not None and _parent(found.decode()) == _reference(owner):
            await self.addresses.remove(found)


def _addresses(obj: Object | None) -> list[str]:
    spec = (obj or {}).get("spec") or {}
    return [address for address in spec.get("clusterIPs") or () if address != "None"]


def _reference(owner: Object) -> Object:
    meta = owner["metadata"]
    return {"resource": "services", "namespace": meta["namespace"], "name": meta["name"]}


def _parent(obj: Object) -> Object:
    found: Object = (obj.get("spec") or {}).get("parentRef") or {}
    return found
