"""IP addresses and ranges as the API takes them: what is wrong with a text, and which spelling would be better.

Fields that are older than strict parsing ("legacy") take any spelling of IPv6; newer ones the canonical one only.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from apiserver_stub.meta import field

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IP_FAULT: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR_FAULT: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
INTERFACE_FAULT: Final = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
_IPV4: Final = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)", re.ASCII)
_PREFIX: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


def sloppy(text: str) -> tuple[Address, bool] | None:
    """The address, and whether a number in it begins with a needless 0. None when it is none at all."""
    found = _IPV4.fullmatch(text)
    if found:
        numbers = [int(part) for part in found.groups() if len(part) < 10]
        if len(numbers) < 4 or max(numbers) > 255:
            return None
        zeros = any(len(part) > 1 and part.startswith("0") for part in found.groups())
        return ipaddress.IPv4Address(bytes(numbers)), zeros
    try:
        return (ipaddress.IPv6Address(text), False) if "%" not in text else None
    except ValueError:
        return None


def is_address(text: str) -> bool:
    return sloppy(text) is not None


def legacy(text: str) -> list[str]:
    found = sloppy(text)
    if found is None:
        return [IP_FAULT]
    address, zeros = found
    if zeros:
        return ["must not have leading 0s"]
    if address.version == 6 and address.ipv4_mapped:
        return ["must not be an IPv4-mapped IPv6 address"]
    return []


def canonical(text: str) -> list[str]:
    out = legacy(text)
    found = sloppy(text)
    if out or found is None or text == str(found[0]):
        return out
    return [f"must be in canonical form ({field.quote(str(found[0]))})"]


def sloppy_network(text: str) -> tuple[Address, Network, bool] | None:
    """The address as it was written, its range, and whether a number in it begins with a needless 0."""
    head, _, length = text.rpartition("/")
    found = sloppy(head)
    if found is None or not _PREFIX.fullmatch(length):
        return None
    address, zeros = found
    if int(length) > address.max_prefixlen:
        return None
    network = ipaddress.ip_network((address, int(length)), strict=False)
    return address, network, zeros or (len(length) > 1 and length.startswith("0"))


def network(text: str) -> Network | None:
    found = sloppy_network(text)
    return found[1] if found else None


def legacy_network(text: str) -> list[str]:
    found = sloppy_network(text)
    if found is None:
        return [CIDR_FAULT]
    address, whole, zeros = found
    if zeros:
        return ["must not have leading 0s in IP or prefix length"]
    if address.version == 6 and address.ipv4_mapped:
        return ["must not have an IPv4-mapped IPv6 address"]
    if address != whole.network_address:
        return ["must not have bits set beyond the prefix length"]
    return []


def canonical_network(text: str) -> list[str]:
    out = legacy_network(text)
    whole = network(text)
    if out or whole is None or text == str(whole):
        return out
    return [f"must be in canonical form ({field.quote(str(whole))})"]


def interface(text: str) -> list[str]:
    """An address of an interface together with the size of its network."""
    found = sloppy_network(text)
    if found is None:
        return [INTERFACE_FAULT]
    address, whole, _ = found
    length = whole.prefixlen
    mapped = address.ipv4_mapped if address.version == 6 else None
    shown = f"{mapped}/{length - 96 if length > 32 else length}" if mapped else f"{address}/{length}"
    return [] if text == shown else [f"must be in canonical form ({field.quote(shown)})"]


def warnings(path: str, text: str) -> list[str]:
    """About a legacy field whose value is valid, or was when it was stored."""
    found = sloppy(text)
    if found is None:
        return []
    address, zeros = found
    mapped = address.ipv4_mapped if address.version == 6 else None
    if zeros or mapped:
        better = field.quote(str(mapped or address))
        start = f"{path}: non-standard IP address {field.quote(text)} will be considered invalid"
        return [f"{start} in a future Kubernetes release: use {better}"]
    if address.version == 6 and str(address) != text:
        better = field.quote(str(address))
        return [f"{path}: IPv6 address {field.quote(text)} should be in RFC 5952 canonical format ({better})"]
    return []


def network_warnings(path: str, text: str) -> list[str]:
    found = sloppy_network(text)
    if found is None:
        return []
    address, whole, zeros = found
    shown = field.quote(text)
    out = []
    if address != whole.network_address:
        single = field.quote(f"{address}/{address.max_prefixlen}")
        better = f"{field.quote(str(whole))} or {single}"
        out.append(f"{path}: CIDR value {shown} is ambiguous in this context (should be {better}?)")
    if zeros or (address.version == 6 and address.ipv4_mapped):
        start = f"{path}: non-standard CIDR value {shown} will be considered invalid"
        out.append(f"{start} in a future Kubernetes release: use {field.quote(str(whole))}")
    if not out and address.version == 6 and text != str(whole):
        better = field.quote(str(whole))
        out.append(f"{path}: IPv6 CIDR value {shown} should be in RFC 5952 canonical format ({better})")
    return out
