"""Service: addresses and node ports, what each type may say, and what an update keeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.registry.core import service_addresses, service_allocation, service_validation, service_warnings
from apiserver_stub.schema import kinds

Object = base.Object

# Types that have an address inside the cluster.
_WITH_IP: Final = ("ClusterIP", "NodePort", "LoadBalancer")
_WITH_PORTS: Final = ("NodePort", "LoadBalancer")
_DRY_RUN: Final = ContextVar("dry_run", default=False)


@contextlib.contextmanager
def trying(*, on: bool) -> Iterator[None]:
    """While a dry run is under way addresses and ports are looked at with less care, as upstream does."""
    token = _DRY_RUN.set(on)
    try:
        yield
    finally:
        _DRY_RUN.reset(token)


class Services(base.Kind):
    """Addresses and ports are found after validation and before the object is stored, see `validate`.

    They are taken from what the view shows, so the caller must let no other write in between.
    """

    allow_create_on_update = True
    returns_deleted = True

    def __init__(self, resource: kinds.Resource, view: base.View) -> None:
        super().__init__(resource, view)
        # Services whose write may still be on its way, which a list doesn't show yet.
        self._recent: set[tuple[str, str]] = set()

    def default(self, obj: Object) -> None:
        super().default(obj)
        _pair_addresses(obj["spec"], None)

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        spec, before = obj["spec"], old["spec"]
        _drop_unfit(spec, before)
        _keep_allocated(spec, before)
        _pair_addresses(spec, before)

    def validate(self, obj: Object) -> list[FieldError]:
        """Errors; without any, the Service gets its addresses and ports."""
        return service_validation.validate(obj) or self._allocate(obj, None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = service_addresses.validate_update(obj["spec"], old["spec"])
        out += service_validation.validate_update(obj, old)
        return out or self._allocate(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return service_validation.validate_status(obj, old)

    def _allocate(self, obj: Object, old: Object | None) -> list[FieldError]:
        own = _identity(obj)
        taken = service_allocation.Taken(self._others(own), lambda address: self._is_held(address, own))
        before, trying = old["spec"] if old else None, _DRY_RUN.get()
        out = service_allocation.allocate(obj["spec"], before, taken, dry_run=trying)
        if not out and not trying and obj["metadata"].get("name"):
            self._recent.add(own)
        return out

    def _others(self, own: tuple[str, str]) -> list[Object]:
        """The specs of all other Services, those on their way included."""
        found = {_identity(other): other["spec"] for other in self.view.list("", "services")}
        self._recent -= found.keys()
        for namespace, name in tuple(self._recent):
            coming = self.view.get("", "services", namespace, name)
            if coming is None:
                self._recent.discard((namespace, name))
            else:
                found[namespace, name] = coming["spec"]
        found.pop(own, None)
        return list(found.values())

    def _is_held(self, address: str, own: tuple[str, str]) -> bool:
        """Whether an IPAddress keeps the address for somebody else; those of Services that are gone don't count."""
        found = self.view.get("networking.k8s.io", "ipaddresses", "", address)
        if found is None:
            return False
        parent = (found.get("spec") or {}).get("parentRef") or {}
        if parent.get("resource") != "services" or parent.get("group"):
            return True
        owner = parent.get("namespace", ""), parent.get("name", "")
        return owner != own and self.view.get("", "services", *owner) is not None

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        spec = obj["spec"]
        return {"spec.clusterIP": spec.get("clusterIP", ""), "spec.type": spec.get("type", "")}

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return service_warnings.of(obj, old)


def _identity(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"].get("name", "")


def _pair_addresses(spec: Object, old: Object | None) -> None:
    """clusterIP and the first of clusterIPs are the same thing; an update of one alone changes the other."""
    one, many = spec.get("clusterIP", ""), spec.get("clusterIPs") or []
    if old is not None:
        before, before_many = old.get("clusterIP", ""), old.get("clusterIPs") or []
        if one != before and many == before_many:
            many = [one] if one else []
        elif many != before_many and one == before:
            one = many[0] if many else ""
    if one and not many:
        many = [one]
    for name, value in (("clusterIP", one), ("clusterIPs", many)):
        if value:
            spec[name] = value
        else:
            spec.pop(name, None)


def _drop_unfit(spec: Object, old: Object) -> None:
    """After a change of type, drops what only the old type has, unless the client changed it as well."""
    kind, before = spec.get("type"), old.get("type")
    if before in _WITH_IP and kind not in _WITH_IP:
        _drop_same(spec, old, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
    if before in _WITH_PORTS and kind not in _WITH_PORTS:
        _drop_node_ports(spec, old)
        if not spec.get("externalIPs"):
            _drop_same(spec, old, "externalTrafficPolicy")
    if before == "LoadBalancer" and kind != "LoadBalancer":
        _drop_same(spec, old, "allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort")
    if before == "ExternalName" and kind != "ExternalName":
        _drop_same(spec, old, "externalName")
    if spec.get("externalTrafficPolicy") != "Local":
        _drop_same(spec, old, "healthCheckNodePort")


def _drop_same(spec: Object, old: Object, *names: str) -> None:
    for name in names:
        if name in spec and spec[name] == old.get(name):
            del spec[name]


def _drop_node_ports(spec: Object, old: Object) -> None:
    before = {port.get("nodePort") for port in old.get("ports") or ()}
    for port in spec.get("ports") or ():
        if port.get("nodePort") in before:
            port.pop("nodePort", None)


def _keep_allocated(spec: Object, old: Object) -> None:
    """A client that doesn't name what was allocated keeps it."""
    kind, before = spec.get("type"), old.get("type")
    if kind in _WITH_IP and before in _WITH_IP:
        if not spec.get("clusterIP") and not spec.get("clusterIPs"):
            for name in ("clusterIP", "clusterIPs"):
                if old.get(name):
                    spec[name] = old[name]
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if name not in spec and name in old:
                spec[name] = old[name]
    if kind in _WITH_PORTS and before in _WITH_PORTS:
        _keep_node_ports(spec, old)
    if kind == before == "LoadBalancer" and "healthCheckNodePort" in old:
        spec.setdefault("healthCheckNodePort", old["healthCheckNodePort"])


def _keep_node_ports(spec: Object, old: Object) -> None:
    known = {(port.get("protocol"), port.get("port")): port.get("nodePort") for port in old.get("ports") or ()}
    used = {port.get("nodePort") for port in spec.get("ports") or ()}
    for port in spec.get("ports") or ():
        kept = known.get((port.get("protocol"), port.get("port")))
        if not port.get("nodePort") and kept and kept not in used:
            port["nodePort"] = kept
