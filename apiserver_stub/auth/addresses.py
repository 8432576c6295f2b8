"""The addresses of this machine, for certificates and for Pods."""

import ipaddress
import re
import socket
from pathlib import Path

_LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")


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
