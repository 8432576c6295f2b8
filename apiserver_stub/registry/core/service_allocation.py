"""Which address and node ports a Service gets; taken ones are read off the other Services."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.core import service_families

Object = dict[str, Any]

RANGE: Final = ipaddress.IPv4Network("10.96.0.0/16")
PORTS: Final = range(30000, 32768)
# Addresses in this lower part are for those who ask for them, as with upstream's static band.
_RESERVED: Final = 256
# kube-apiserver's own Service.
_API: Final = str(RANGE[1])


@dataclass(frozen=True)
class Taken:
    """others: the specs of all other Services. is_held: whether an address is kept for something else."""

    others: Iterable[Object]
    is_held: Callable[[str], bool] = lambda address: False


def allocate(spec: Object, old: Object | None, taken: Taken, *, dry_run: bool = False) -> list[FieldError]:
    """Fills clusterIP, clusterIPs, ipFamilies and node ports in place; returns errors about asked ones.

    dry_run: asked addresses may be taken, asked ports out of range, and found ports are made up.
    """
    others = list(taken.others)
    out: list[FieldError] = []
    if spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer"):
        out += service_families.settle(spec, old)
        if out:
            return out
        out += _address(spec, old, others, taken.is_held, dry_run=dry_run)
    return out + _node_ports(spec, old, others, dry_run=dry_run)


def _address(
    spec: Object, old: Object | None, others: list[Object], is_held: Callable[[str], bool], *, dry_run: bool
) -> list[FieldError]:
    asked = spec.get("clusterIP", "")
    if asked == "None" or (asked and old and old.get("clusterIP") == asked):
        return []
    taken = {other.get("clusterIP") for other in others}
    if asked:
        fault = _fault(asked, taken, is_held, dry_run=dry_run)
        if fault is None:
            return []
        return [field.invalid("spec.clusterIPs", [asked], f"failed to allocate IP {asked}: {fault}")]
    for address in _free(taken):
        if is_held(address):
            continue
        spec["clusterIP"], spec["clusterIPs"] = address, [address]
        return []
    return [field.internal("spec.clusterIPs", "failed to allocate a serviceIP: range is full")]


def _fault(asked: str, taken: Collection[Any], is_held: Callable[[str], bool], *, dry_run: bool) -> str | None:
    address = ipaddress.ip_address(asked)
    if address not in RANGE or address in (RANGE.network_address, RANGE.broadcast_address):
        return f"the provided IP ({asked}) is not in the valid range. The range of valid IPs is {RANGE}"
    if not dry_run and (asked in taken or is_held(asked)):
        return "provided IP is already allocated"
    return None


def _free(taken: set[Any]) -> Iterator[str]:
    """Free addresses, the upper part of the range first."""
    first = int(RANGE.network_address)
    last = int(RANGE.broadcast_address)
    for number in (*range(first + _RESERVED, last), *range(first + 2, first + _RESERVED)):
        address = str(ipaddress.IPv4Address(number))
        if address not in taken and address != _API:
            yield address


def _node_ports(spec: Object, old: Object | None, others: list[Object], *, dry_run: bool) -> list[FieldError]:
    if not _needs_node_ports(spec):
        return []
    taken = {identity for other in others for identity in _used(other)}
    own = set(_used(old)) if old else set()
    out = []
    for i, port in enumerate(spec.get("ports") or ()):
        asked, protocol = port.get("nodePort"), port.get("protocol", "")
        if not asked:
            continue
        path = f"spec.ports[{i}].nodePort"
        if asked not in PORTS and (asked, protocol) not in own and not dry_run:
            detail = "provided port is not in the valid range. The range of valid ports is "
            out.append(field.invalid(path, asked, f"{detail}{PORTS.start}-{PORTS.stop - 1}"))
        elif (asked, protocol) in taken:
            out.append(field.invalid(path, asked, "provided port is already allocated"))
        taken.add((asked, protocol))
    return out or _fill_ports(spec, taken, range(PORTS.stop, 65536) if dry_run else PORTS)


def _fill_ports(spec: Object, taken: set[tuple[int, str]], free: range) -> list[FieldError]:
    for port in spec.get("ports") or ():
        if not port.get("nodePort"):
            _assign(port, "nodePort", port.get("protocol", ""), taken, free)
    local = spec["type"] == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    if local and not spec.get("healthCheckNodePort"):
        _assign(spec, "healthCheckNodePort", "TCP", taken, free)
    return []


def _assign(target: Object, name: str, protocol: str, taken: set[tuple[int, str]], free: range) -> None:
    for number in free:
        if (number, protocol) not in taken:
            target[name] = number
            taken.add((number, protocol))
            return


def _needs_node_ports(spec: Object) -> bool:
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts", True) or any(
            p.get("nodePort") for p in spec.get("ports") or ()
        )
    return spec.get("type") == "NodePort"


def _used(spec: Object) -> Iterator[tuple[int, str]]:
    for port in spec.get("ports") or ():
        if port.get("nodePort"):
            yield port["nodePort"], port.get("protocol", "")
    if spec.get("healthCheckNodePort"):
        yield spec["healthCheckNodePort"], "TCP"
