"""The addresses of this machine, for certificates."""

import ipaddress
import re
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
