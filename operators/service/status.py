"""Services of type LoadBalancer get the node's addresses, unless an older one has the port there (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from operators._kube import conditions, meta
from operators._kube.meta import Key, Object
from operators.service import plan
from operators.service.table import Address, parse_address

#: core/v1 LoadBalancerPortsError: "the condition of the requested ports on the load balancer".
CONDITION = "LoadBalancerPortsError"
_CONFLICT = "PortConflict"


class Socket(NamedTuple):
    """A port of all the node's addresses; protocol in lower case."""

    protocol: str
    port: int

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol.upper()}"


@dataclass(frozen=True, slots=True)
class Given:
    """What a LoadBalancer gets; `problem`: why it gets nothing."""

    addresses: tuple[Address, ...] = ()
    problem: str = ""


def is_ours(service: Object) -> bool:
    """With a class set it is somebody else's to serve."""
    spec = service.get("spec") or {}
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and not meta.is_deleting(service)


def give(services: Iterable[Object], node: plan.Node, busy: Collection[Socket] = ()) -> dict[Key, Given]:
    """For each LoadBalancer of ours; who has an address keeps it. `busy`: where programs of the node listen."""
    owners: dict[Socket, Key] = {}
    given = {}
    for service in sorted(filter(is_ours, services), key=lambda s: (not _ingress(s), plan.age(s))):
        key, wanted = meta.key_of(service), _sockets(service)
        given[key] = _give(service, node, owners, () if _ingress(service) else busy)
        if given[key].addresses:
            owners.update(dict.fromkeys(wanted, key))
    return given


def _give(service: Object, node: plan.Node, owners: Mapping[Socket, Key], busy: Collection[Socket]) -> Given:
    families = {"IPv4": 4, "IPv6": 6}
    wanted = {families.get(name) for name in service["spec"].get("ipFamilies") or ("IPv4",)}
    addresses = tuple(address for address in sorted(node.addresses, key=_order) if address.version in wanted)
    asked = parse_address(service["spec"].get("loadBalancerIP") or None)
    if asked is not None and asked not in addresses:
        return Given(problem=f"{asked} is not an address of node {node.name}")
    if not addresses:
        return Given(problem=f"node {node.name} has no address of the Service's families")
    for socket in _sockets(service):
        if socket in owners:
            return Given(problem=f"port {socket} is already used by the LoadBalancer Service {owners[socket]}")
        if socket in busy:
            return Given(problem=f"port {socket} is already used by a program on node {node.name}")
    return Given((asked,) if asked is not None else addresses)


def addresses(services: Iterable[Object], given: Mapping[Key, Given]) -> dict[Key, tuple[Address, ...]]:
    """Where each LoadBalancer is reached through this node's rules; those of other classes as their status says."""
    found = {}
    for service in services:
        key = meta.key_of(service)
        if key in given:
            found[key] = given[key].addresses
        elif (service.get("spec") or {}).get("type") == "LoadBalancer":
            virtual = [entry.get("ip") for entry in _ingress(service) if entry.get("ipMode") != "Proxy"]
            found[key] = tuple(address for address in map(parse_address, virtual) if address is not None)
    return found


def compute(service: Object, given: Given | None, now: datetime) -> Object:
    """The status that a Service should have. `given` None: it is no LoadBalancer of ours."""
    status: dict[str, Any] = dict(service.get("status") or {})
    before = conditions.of(service)
    if given is None:
        if _ingress(service) and (service.get("spec") or {}).get("type") != "LoadBalancer":
            status["loadBalancer"] = {}
        after = conditions.drop(before, CONDITION)
    else:
        ingress = [{"ip": str(address), "ipMode": "VIP"} for address in given.addresses]
        if ingress or _ingress(service):
            status["loadBalancer"] = {"ingress": ingress} if ingress else {}
        after = conditions.drop(before, CONDITION)
        if given.problem:
            after = conditions.put(before, conditions.make(CONDITION, True, _CONFLICT, given.problem), now)
    if after or before:
        status["conditions"] = after
    return status


def _ingress(service: Object) -> list[Object]:
    return ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def _sockets(service: Object) -> list[Socket]:
    ports = service["spec"].get("ports") or ()
    return [Socket(str(port.get("protocol") or "TCP").lower(), port["port"]) for port in ports]


def _order(address: Address) -> tuple[int, int]:
    return address.version, int(address)
