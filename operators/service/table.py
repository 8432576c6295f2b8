"""What the node does with packets for Services, as data: nothing in it was not parsed first (pure)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Endpoint(NamedTuple):
    address: Address
    port: int


class Frontend(NamedTuple):
    """Where packets for a Service arrive. `address` None: any address of the node (a node port)."""

    family: int
    address: Address | None
    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `endpoints`, at random for each connection; `affinity`: seconds for which a client keeps its own."""

    name: str
    family: int
    protocol: str
    endpoints: tuple[Endpoint, ...]
    affinity: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """For `externalTrafficPolicy: Local`: who is on the node gets any endpoint (`inside`), others those of the node.

    `outside` None: others get no answer.
    """

    name: str
    family: int
    inside: Choice
    outside: Choice | None


@dataclass(frozen=True, slots=True)
class Table:
    """`leads`: frontend → name of a choice or split. `refused`: no endpoints: told so at once. `dropped`: no answer.

    `ranges`: frontend → the networks that may use it. `addresses`: every cluster IP. `hairpin`: addresses of Pods that
    a Service may lead back to themselves. `remote`: endpoints off the node: (endpoint, protocol).
    """

    pods: Network
    choices: Mapping[str, Choice] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)
    leads: Mapping[Frontend, str] = field(default_factory=dict)
    refused: frozenset[Frontend] = frozenset()
    dropped: frozenset[Frontend] = frozenset()
    ranges: Mapping[Frontend, tuple[Network, ...]] = field(default_factory=dict)
    addresses: frozenset[Address] = frozenset()
    hairpin: frozenset[Address] = frozenset()
    remote: frozenset[tuple[Endpoint, str]] = frozenset()

    @property
    def has_affinity(self) -> bool:
        return any(choice.affinity for choice in self.choices.values())

    def datagrams(self) -> dict[Frontend, frozenset[Endpoint]]:
        """What UDP frontends may lead to: flows to anything else are over, though nobody has said so."""
        return {
            frontend: frozenset(self.endpoints(self.leads[frontend]) if frontend in self.leads else ())
            for frontend in (*self.leads, *self.refused, *self.dropped)
            if frontend.protocol == "udp"
        }

    def endpoints(self, name: str) -> tuple[Endpoint, ...]:
        return self.splits[name].inside.endpoints if name in self.splits else self.choices[name].endpoints


def parse_address(text: object) -> Address | None:
    """None for what is no IP address, and for addresses with a zone."""
    try:
        found = ipaddress.ip_address(str(text))
    except ValueError:
        return None
    return None if getattr(found, "scope_id", None) else found


def parse_network(text: object) -> Network | None:
    try:
        return ipaddress.ip_network(str(text).strip(), strict=False)
    except ValueError:
        return None
