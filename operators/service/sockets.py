"""Where programs of the node listen, as the kernel tells it (blocking)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from operators.service.status import Socket

_LISTENS = "0A"  # TCP_LISTEN
_UNCONNECTED = "07"  # what a UDP socket without a peer is in
_LOOPBACKS = ("7F", "00000000000000000000000001000000")


def listening(proc: Path = Path("/proc/net")) -> set[Socket]:
    """Ports of the node's own addresses that a program answers on; loopback addresses don't count."""
    found: set[Socket] = set()
    for protocol, state in (("tcp", _LISTENS), ("udp", _UNCONNECTED)):
        for name in (protocol, f"{protocol}6"):
            try:
                lines = (proc / name).read_text().splitlines()[1:]
            except OSError:  # a kernel without IPv6
                continue
            found.update(Socket(protocol, port) for port in _ports(lines, state))
    return found


def _ports(lines: list[str], state: str) -> Iterator[int]:
    for line in lines:
        words = line.split()
        if len(words) > 3 and words[3] == state:
            address, _, port = words[1].partition(":")
            # IPv4 addresses stand there in the machine's byte order: 127.0.0.1 ends with its first byte.
            if not (address.endswith(_LOOPBACKS[0]) and len(address) == 8) and address != _LOOPBACKS[1]:
                yield int(port, 16)
