"""What the kernel says of flows, byte by byte."""

import ipaddress
import socket
import struct

import pytest

from operators._node import conntrack


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def one_way(source, source_port, destination, port, protocol=17):
    packed = [ipaddress.ip_address(each).packed for each in (source, destination)]
    first = 1 if len(packed[0]) == 4 else 3
    addresses = attribute(first, packed[0]) + attribute(first + 1, packed[1])
    ports = attribute(1, bytes([protocol])) + attribute(2, source_port.to_bytes(2, "big"))
    return attribute(1 | 0x8000, addresses) + attribute(2 | 0x8000, ports + attribute(3, port.to_bytes(2, "big")))


def entry(original, reply, family=2):
    body = struct.pack("=BBH", family, 0, 0) + attribute(1 | 0x8000, original) + attribute(2 | 0x8000, reply)
    return struct.pack("=IHHII", 16 + len(body), 0x100, 2, 1, 0) + body


def end(kind=3, code=0):
    return struct.pack("=IHHIIi", 20, kind, 2, 1, 0, -code)


class Link:
    """A netlink socket that has its answers ready."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def settimeout(self, _):
        pass

    def send(self, data):
        self.sent.append(data)

    def recv(self, _):
        return self.answers.pop(0)


LED = one_way("10.244.0.9", 4000, "10.96.0.5", 53), one_way("10.244.0.2", 8053, "10.244.0.9", 4000)
OTHER = one_way("10.244.0.9", 4001, "192.0.2.1", 53), one_way("192.0.2.1", 53, "10.244.0.9", 4001)


@pytest.fixture
def link(monkeypatch):
    found = Link()
    monkeypatch.setattr(socket, "socket", lambda *_: found)
    return found


def test_stale_flows_are_deleted_by_their_first_half(link):
    tcp = one_way("10.0.0.1", 1, "10.96.0.5", 53, protocol=6)
    link.answers[:] = [entry(*LED) + entry(*OTHER), entry(tcp, tcp) + end(), end(kind=2)]
    seen = []

    def is_stale(flow):
        seen.append(flow)
        return flow.to == (ipaddress.ip_address("10.96.0.5"), 53)

    assert conntrack.forget(is_stale) == 1
    assert [flow.answers for flow in seen] == [
        (ipaddress.ip_address("10.244.0.2"), 8053),
        (ipaddress.ip_address("192.0.2.1"), 53),
    ]
    request = link.sent[1]
    assert struct.unpack_from("=H", request, 4) == (0x102,)
    assert request.endswith(LED[0])


def test_one_that_has_ended_by_itself_is_fine(link):
    link.answers[:] = [entry(*LED) + end(), end(kind=2, code=2)]
    assert conntrack.forget(lambda flow: True) == 1


def test_a_refusal_is_told(link):
    link.answers[:] = [end(kind=2, code=1)]
    with pytest.raises(PermissionError):
        conntrack.forget(lambda flow: True)


def test_ipv6_and_protocols_without_ports(link):
    six = one_way("fd00::1", 1, "fd00::2", 53)
    echo = attribute(1 | 0x8000, attribute(1, b"\1\1\1\1") + attribute(2, b"\2\2\2\2")) + attribute(
        2, attribute(1, b"\1")
    )
    link.answers[:] = [entry(echo, echo) + entry(six, six, family=10) + end()]
    seen = []
    assert conntrack.forget(lambda flow: bool(seen.append(flow.to))) == 0
    assert seen == [(ipaddress.ip_address("fd00::2"), 53)]
