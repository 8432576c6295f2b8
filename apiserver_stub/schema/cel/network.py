"""CEL's IP addresses and CIDRs."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from apiserver_stub.schema import structural_formats
from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.values import EvalError, Opaque

TABLE: Final = Table()


def _parse_ip(text: str) -> Opaque:
    fault = _ip_fault(text)
    if fault:
        raise EvalError(f'IP Address "{text}" parse error during conversion from string: {fault}')
    return Opaque("net.IP", ipaddress.ip_address(text))


def _ip_fault(text: str) -> str:
    if "%" in text:
        return f'IP address "{text}" with zone value is not allowed'
    if not structural_formats.is_ip(text):
        return f'ParseAddr("{text}"): unable to parse IP'
    if getattr(ipaddress.ip_address(text), "ipv4_mapped", None):
        return f'IPv4-mapped IPv6 address "{text}" is not allowed'
    return ""


def _parse_cidr(text: str) -> Opaque:
    if not _is_cidr(text):
        raise EvalError(
            f'network address parse error during conversion from string: netip.ParsePrefix("{text}"): invalid prefix'
        )
    return Opaque("net.CIDR", ipaddress.ip_interface(text))


def _is_cidr(text: str) -> bool:
    return structural_formats.is_cidr(text) and not _ip_fault(text.partition("/")[0])


def _canonical(text: str) -> bool:
    return str(_parse_ip(text).value) == text


def _contains_ip(cidr: Opaque, ip: Any) -> bool:
    address = (_parse_ip(ip) if isinstance(ip, str) else ip).value
    return address.version == cidr.value.version and address in cidr.value.network


def _contains_cidr(cidr: Opaque, other: Any) -> bool:
    inner = (_parse_cidr(other) if isinstance(other, str) else other).value
    return inner.version == cidr.value.version and bool(inner.network.subnet_of(cidr.value.network))


def _masked(cidr: Opaque) -> Opaque:
    return Opaque("net.CIDR", ipaddress.ip_interface(str(cidr.value.network)))


def _text(value: Opaque) -> str:
    return str(value.value)


def _global_unicast(ip: Opaque) -> bool:
    found = ip.value
    broadcast = found.version == 4 and int(found) == 2**32 - 1
    return not (found.is_unspecified or found.is_loopback or found.is_multicast or found.is_link_local or broadcast)


def _link_local_multicast(ip: Opaque) -> bool:
    if ip.value.version == 4:
        return bool(ip.value in ipaddress.ip_network("224.0.0.0/24"))
    return bool(ip.value.is_multicast and ip.value.packed[1] & 0x0F == 2)


def _declare() -> None:
    function, method = TABLE.function, TABLE.method
    function("ip", "string -> IP", _parse_ip, "traverse_arg")
    function("isIP", "string -> bool", lambda text: not _ip_fault(text), "traverse_arg")
    function("ip.isCanonical", "string -> bool", _canonical, "traverse_arg")
    function("string", "IP -> string", _text, "scalar")
    method("family", "IP -> int", lambda ip: ip.value.version, "scalar")
    method("isUnspecified", "IP -> bool", lambda ip: ip.value.is_unspecified, "scalar")
    method("isLoopback", "IP -> bool", lambda ip: ip.value.is_loopback, "scalar")
    method("isLinkLocalMulticast", "IP -> bool", _link_local_multicast, "scalar")
    method("isLinkLocalUnicast", "IP -> bool", lambda ip: ip.value.is_link_local, "scalar")
    method("isGlobalUnicast", "IP -> bool", _global_unicast, "scalar")
    function("cidr", "string -> CIDR", _parse_cidr, "traverse_arg")
    function("isCIDR", "string -> bool", _is_cidr, "traverse_arg")
    function("string", "CIDR -> string", _text, "scalar")
    for kind in ("string", "IP"):
        method("containsIP", f"CIDR; {kind} -> bool", _contains_ip, "contains_ip")
    for kind in ("string", "CIDR"):
        method("containsCIDR", f"CIDR; {kind} -> bool", _contains_cidr, "contains_ip")
    method("ip", "CIDR -> IP", lambda cidr: Opaque("net.IP", cidr.value.ip), "scalar")
    method("prefixLength", "CIDR -> int", lambda cidr: cidr.value.network.prefixlen, "scalar")
    method("masked", "CIDR -> CIDR", _masked, "scalar")


_declare()
