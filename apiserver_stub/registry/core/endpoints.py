"""Endpoints (deprecated, but kubectl and old clients read them): addresses and ports."""

from __future__ import annotations

import ipaddress
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object


class Endpoints(base.Kind):
    allow_create_on_update = True

    def validate(self, obj: Object) -> list[FieldError]:
        out = []
        for i, subset in enumerate(obj.get("subsets") or ()):
            here = f"subsets[{i}]"
            ready, waiting = subset.get("addresses") or (), subset.get("notReadyAddresses") or ()
            if not ready and not waiting:
                out.append(field.required(here, "must specify `addresses` or `notReadyAddresses`"))
            for name, addresses in (("addresses", ready), ("notReadyAddresses", waiting)):
                for j, address in enumerate(addresses):
                    out += _address(address, f"{here}.{name}[{j}]")
            out += _ports(subset.get("ports") or (), f"{here}.ports")
        return out

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return []


def _address(address: Object, path: str) -> list[FieldError]:
    ip = address.get("ip", "")
    out = formats.faults(f"{path}.ip", ip, formats.address(ip))
    if address.get("hostname"):
        out += formats.faults(f"{path}.hostname", address["hostname"], formats.label(address["hostname"]))
    if address.get("nodeName"):
        out += formats.faults(f"{path}.nodeName", address["nodeName"], formats.subdomain(address["nodeName"]))
    return out + reachable(ip, f"{path}.ip")


def reachable(text: str, path: str) -> list[FieldError]:
    """An address that traffic may be sent to."""
    ip = formats.parse_address(text)
    if ip is None:
        return [field.invalid(path, text, "must be a valid IP address")]
    out = []
    if ip.is_unspecified:
        out.append(field.invalid(path, text, f"may not be unspecified ({text})"))
    if ip.is_loopback:
        out.append(field.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if ip.is_link_local:
        out.append(field.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if ip in _LINK_LOCAL_MULTICAST:
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        out.append(field.invalid(path, text, detail))
    return out


class _Ranges:
    def __init__(self, *texts: str) -> None:
        self._ranges = [ipaddress.ip_network(text) for text in texts]

    def __contains__(self, ip: Any) -> bool:
        return any(ip in network for network in self._ranges)


_LINK_LOCAL_MULTICAST = _Ranges("224.0.0.0/24", "ff02::/16")


def _ports(ports: Any, path: str) -> list[FieldError]:
    out = []
    for i, port in enumerate(ports):
        here = f"{path}[{i}]"
        name, number = port.get("name", ""), port.get("port", 0)
        if name:
            out += formats.faults(f"{here}.name", name, formats.label(name))
        elif len(ports) > 1:
            out.append(field.required(f"{here}.name"))
        out += formats.faults(f"{here}.port", number, formats.port(number))
        out += formats.one_of(f"{here}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
    return out
