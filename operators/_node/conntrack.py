"""Flows that the kernel follows: those that lead nowhere any more are forgotten. Speaks netlink itself (blocking).

See linux/netfilter/nfnetlink_conntrack.h.
"""

import contextlib
import ipaddress
import socket
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

_NETFILTER = 12
_GET, _DELETE = 0x101, 0x102
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ORIGINAL, _REPLY = 1, 2
_IP, _PROTOCOL = 1, 2
_SOURCES, _DESTINATIONS = (1, 3), (2, 4)
_TYPE_MASK = 0x3FFF

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Flow(NamedTuple):
    """`to`: where its first packet was sent. `answers`: who answers: another one than `to` where it was led on."""

    protocol: int
    to: tuple[Address, int]
    answers: tuple[Address, int]
    family: int
    original: bytes


def forget(is_stale: Callable[[Flow], bool], protocol: int = socket.IPPROTO_UDP) -> int:
    """Deletes the flows of a protocol that are stale; how many. Raises OSError (no rights, no such kernel module)."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER) as link:
        link.settimeout(5)
        stale = [flow for flow in _flows(link) if flow.protocol == protocol and is_stale(flow)]
        for flow in stale:
            attribute = _ATTRIBUTE.pack(4 + len(flow.original), _ORIGINAL | 0x8000) + flow.original
            link.send(_message(_DELETE, _REQUEST | _ACK, flow.family, attribute))
            with contextlib.suppress(FileNotFoundError):  # it has ended by itself
                list(_answers(link))
    return len(stale)


def _flows(link: socket.socket) -> Iterator[Flow]:
    link.send(_message(_GET, _REQUEST | _DUMP, socket.AF_UNSPEC, b""))
    for payload in list(_answers(link)):
        attributes = dict(_attributes(payload[4:]))
        found = _flow(payload[0], attributes)
        if found is not None:
            yield found


def _flow(family: int, attributes: dict[int, bytes]) -> Flow | None:
    try:
        protocol, _, to = _tuple(attributes[_ORIGINAL])
        _, answers, _ = _tuple(attributes[_REPLY])
    except (KeyError, ValueError, struct.error):  # protocols without ports
        return None
    return Flow(protocol, to, answers, family, attributes[_ORIGINAL])


def _tuple(data: bytes) -> tuple[int, tuple[Address, int], tuple[Address, int]]:
    """Protocol, source and destination."""
    parts = dict(_attributes(data))
    addresses, ports = dict(_attributes(parts[_IP])), dict(_attributes(parts[_PROTOCOL]))
    source, destination = (
        ipaddress.ip_address(next(addresses[kind] for kind in kinds if kind in addresses))
        for kinds in (_SOURCES, _DESTINATIONS)
    )
    return ports[1][0], (source, _port(ports[2])), (destination, _port(ports[3]))


def _port(data: bytes) -> int:
    return int.from_bytes(data[:2], "big")


def _message(kind: int, flags: int, family: int, attributes: bytes) -> bytes:
    body = struct.pack("=BBH", family, 0, 0) + attributes
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body


def _answers(link: socket.socket) -> Iterator[bytes]:
    """Payloads of the messages up to the one that ends the answer. Raises OSError for an error in it."""
    while True:
        data = link.recv(1 << 17)
        while len(data) >= _HEADER.size:
            length, kind, *_ = _HEADER.unpack_from(data)
            payload = data[_HEADER.size : length]
            if kind == _DONE:
                return
            if kind == _ERROR:
                code = -struct.unpack_from("=i", payload)[0]
                if code:
                    raise OSError(code, "the kernel refused a request about flows")
                return
            yield payload
            data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _TYPE_MASK, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
