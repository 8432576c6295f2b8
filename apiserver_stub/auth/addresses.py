"""The addresses of this machine, for certificates and for Pods."""

import asyncio
import contextlib
import ipaddress
import re
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

_LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")

# rtnetlink(7): groups to listen to, messages that tell of addresses, and the scope of those that others can reach.
_GROUPS = 0x10 | 0x100
_ADDRESS_MESSAGES = (20, 21)
_UNIVERSE = 0
_HEADER = struct.Struct("=IHHII")


def local(proc: Path = Path("/proc/net")) -> set[str]:
    """IPv4 and global IPv6 addresses of all interfaces; empty where the kernel does not tell."""
    found: set[str] = set()
    try:
        found |= ipv4((proc / "fib_trie").read_text())
        found |= ipv6((proc / "if_inet6").read_text())
    except OSError:
        pass
    return found


def ipv4(fib_trie: str) -> set[str]:
    """Local addresses in the text of /proc/net/fib_trie."""
    return set(_LOCAL.findall(fib_trie))


def ipv6(if_inet6: str) -> set[str]:
    """Addresses of global scope in the text of /proc/net/if_inet6."""
    found = set()
    for line in if_inet6.splitlines():
        digits, _, _, scope, *_ = line.split()
        if scope == "00":
            found.add(str(ipaddress.IPv6Address(int(digits, 16))))
    return found


def primary() -> str:
    """The IPv4 address that leads elsewhere, else any but the loopback's; "" where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            # Nothing is sent: the kernel only chooses a route (an address of RFC 5737).
            sock.connect(("192.0.2.1", 9))
            return str(sock.getsockname()[0])
        except OSError:
            others = (one for one in sorted(local()) if ":" not in one and not is_loopback(one))
            return next(others, "")


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def is_unspecified(address: str) -> bool:
    """0.0.0.0 or ::, all addresses."""
    return ipaddress.ip_address(address).is_unspecified


class Changes:
    """Calls `changed` when an address that others can reach has come or gone; the kernel says so, nothing polls."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Raises OSError."""
        self._changed = changed
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        try:
            self._socket.bind((0, _GROUPS))
        except OSError:
            self._socket.close()
            raise
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._on_ready)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _on_ready(self) -> None:
        try:
            with contextlib.suppress(BlockingIOError):
                while True:
                    if any(scope == _UNIVERSE for scope in scopes(self._socket.recv(65536))):
                        self._changed()
        except OSError:
            # Messages have been lost (ENOBUFS).
            self._changed()


def scopes(messages: bytes) -> Iterator[int]:
    """The scopes of the addresses that rtnetlink messages tell of."""
    while len(messages) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(messages)
        # struct ifaddrmsg: family, prefix length, flags, scope.
        if kind in _ADDRESS_MESSAGES and min(length, len(messages)) >= _HEADER.size + 4:
            yield messages[_HEADER.size + 3]
        messages = messages[max((length + 3) & ~3, _HEADER.size) :]
