"""EndpointSlice: addresses of one type, ports with unique names."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.core import endpoints

Object = base.Object

_TYPES: Final = ("FQDN", "IPv4", "IPv6")


class EndpointSlices(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        kind = obj.get("addressType", "")
        if not kind:
            found = [field.required("addressType")]
        elif kind not in _TYPES:
            found = [field.not_supported("addressType", kind, _TYPES)]
        else:
            found = []
        out = _ports(obj.get("ports") or ())
        return found + out + _endpoints(obj.get("endpoints") or (), kind if not found else "")

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        changed = formats.unchanged("addressType", obj.get("addressType", ""), old.get("addressType", ""))
        # Addresses of the old type would only repeat what is wrong.
        return changed or self.validate(obj)


def _ports(ports: Any) -> list[FieldError]:
    if len(ports) > 20000:
        return [field.too_many("ports", len(ports), 20000)]
    out = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        here = f"ports[{i}]"
        name = port.get("name", "")
        if name:
            out += formats.faults(f"{here}.name", name, formats.label(name))
        if name in names:
            out.append(field.duplicate(f"{here}.name", name))
        names.add(name)
        out += formats.one_of(f"{here}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
        if port.get("appProtocol"):
            found = formats.label_key(port["appProtocol"])
            out += formats.faults(f"{here}.appProtocol", port["appProtocol"], found)
    return out


def _endpoints(items: Any, kind: str) -> list[FieldError]:
    if len(items) > 1000:
        return [field.too_many("endpoints", len(items), 1000)]
    out = []
    for i, endpoint in enumerate(items):
        here = f"endpoints[{i}]"
        addresses = endpoint.get("addresses") or ()
        if not addresses:
            out.append(field.required(f"{here}.addresses", "must contain at least 1 address"))
        elif len(addresses) > 100:
            out.append(field.too_many(f"{here}.addresses", len(addresses), 100))
        for j, address in enumerate(addresses):
            out += _address(address, kind, f"{here}.addresses", j)
        if endpoint.get("nodeName"):
            out += formats.faults(f"{here}.nodeName", endpoint["nodeName"], formats.subdomain(endpoint["nodeName"]))
        if endpoint.get("hostname"):
            out += formats.faults(f"{here}.hostname", endpoint["hostname"], formats.label(endpoint["hostname"]))
    return out


def _address(address: str, kind: str, path: str, index: int) -> list[FieldError]:
    if kind == "FQDN":
        return formats.faults(f"{path}[{index}]", address, formats.subdomain(address))
    if kind not in ("IPv4", "IPv6"):
        return []
    found = formats.faults(f"{path}[{index}]", address, formats.address(address))
    ip = formats.parse_address(address)
    if found or ip is None:
        return found
    if ip.version != (4 if kind == "IPv4" else 6):
        return [field.invalid(path, address, f"must be an {kind} address")]
    return endpoints.reachable(address, path)
