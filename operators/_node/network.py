"""Addresses of Pods: pure allocation out of the node's range. What is taken is read from the units on disk."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass


class Exhausted(Exception):
    """Every address of the range is taken."""


@dataclass(frozen=True, slots=True)
class Range:
    """The node's Pod network; its first address is the gateway (the bridge)."""

    network: ipaddress.IPv4Network

    @classmethod
    def parse(cls, text: str) -> "Range":
        return cls(ipaddress.IPv4Network(text))

    @property
    def gateway(self) -> str:
        return str(self.network.network_address + 1)

    @property
    def prefix(self) -> int:
        return self.network.prefixlen


def allocate(pods: Range, taken: Collection[str], last: str = "") -> str:
    """A free address, searched from after `last` on, so that one just given back is not reused at once.

    Raises Exhausted.
    """
    base, size = int(pods.network.network_address), pods.network.num_addresses
    begin = int(ipaddress.IPv4Address(last)) - base if last else 1
    for step in range(1, size):
        offset = (begin + step) % size
        if offset < 2 or offset == size - 1:  # the network, the gateway, the broadcast address
            continue
        candidate = str(ipaddress.IPv4Address(base + offset))
        if candidate not in taken:
            return candidate
    raise Exhausted(f"no free address left in {pods.network}")
