"""Services and EndpointSlices → what the node does with packets for them (pure).

See the Kubernetes pages "Service", "Virtual IPs and Service Proxies" and "Service Internal Traffic Policy".
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from operators._kube import meta
from operators._kube.meta import Key, Object
from operators.service import endpoints
from operators.service.endpoints import OTHER_PROXY, Candidates, PortName
from operators.service.table import Address, Choice, Endpoint, Frontend, Network, Split, Table, parse_address
from operators.service.table import parse_network as _network

#: Led to the API server by the pod operator, which needs it before anything else.
API_SERVER = Key("default", "kubernetes")
PROTOCOLS = ("tcp", "udp", "sctp")
_FAMILIES = {"IPv4": 4, "IPv6": 6}
#: Seconds that a client keeps its endpoint where the Service does not say.
_AFFINITY = 10800


@dataclass(frozen=True, slots=True)
class Node:
    """`addresses`: the node's own. `pods`: what its Pods have their addresses from."""

    name: str
    pods: Network
    addresses: frozenset[Address] = frozenset()


@dataclass(slots=True)
class _Draft:
    """A table while it is made; who claims an address and port first has it."""

    node: Node
    choices: dict[str, Choice] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    leads: dict[Frontend, str] = field(default_factory=dict)
    refused: set[Frontend] = field(default_factory=set)
    dropped: set[Frontend] = field(default_factory=set)
    ranges: dict[Frontend, tuple[Network, ...]] = field(default_factory=dict)
    addresses: set[Address] = field(default_factory=set)
    claimed: set[Frontend] = field(default_factory=set)

    def claim(self, frontends: Iterable[Frontend]) -> list[Frontend]:
        free = [frontend for frontend in frontends if frontend not in self.claimed]
        self.claimed.update(free)
        return free


def table(
    services: Iterable[Object],
    slices: Iterable[Object],
    node: Node,
    ingress: Mapping[Key, Collection[Address]],
) -> Table:
    """`ingress`: the addresses of LoadBalancers. Older Services come first where two want the same address and port."""
    known = endpoints.gather(slices)
    draft = _Draft(node)
    for service in sorted(services, key=age):
        if is_served(service):
            _serve(draft, service, known, ingress.get(meta.key_of(service)) or ())
    led = [(endpoint, c.protocol) for c in draft.choices.values() for endpoint in c.endpoints]
    return Table(
        node.pods,
        draft.choices,
        draft.splits,
        draft.leads,
        frozenset(draft.refused),
        frozenset(draft.dropped),
        draft.ranges,
        frozenset(draft.addresses),
        hairpin=frozenset(endpoint.address for endpoint, _ in led if endpoint.address in node.pods),
        remote=frozenset(pair for pair in led if not _is_here(pair[0].address, node)),
    )


def age(service: Object) -> tuple[str, Key]:
    return meta.metadata(service).get("creationTimestamp") or "", meta.key_of(service)


def is_served(service: Object) -> bool:
    """Whether it has a cluster IP that leads to endpoints from here."""
    spec = service.get("spec") or {}
    if meta.key_of(service) == API_SERVER or spec.get("type") == "ExternalName":
        return False
    return spec.get("clusterIP") not in (None, "", "None") and OTHER_PROXY not in meta.labels_of(service)


def _is_here(address: Address, node: Node) -> bool:
    return address in node.pods or address in node.addresses


def _serve(draft: _Draft, service: Object, known: Candidates, ingress: Collection[Address]) -> None:
    spec, key = service["spec"], meta.key_of(service)
    inner = list(_parsed(spec.get("clusterIPs") or [spec.get("clusterIP")]))
    outer = [*_parsed(spec.get("externalIPs") or ()), *ingress]
    draft.addresses.update(inner)
    families = {address.version for address in inner}
    for port in spec.get("ports") or ():
        number, protocol = port.get("port"), str(port.get("protocol") or "TCP").lower()
        if protocol not in PROTOCOLS or not _is_port(number):
            continue
        for family in sorted(families):
            name = PortName(key, family, port.get("name") or "", protocol)
            backends = _Backends.of(draft, spec, name, number, known)
            inside = [Frontend(family, address, protocol, number) for address in inner if address.version == family]
            backends.lead(inside, spec.get("internalTrafficPolicy") == "Local", is_inside=True)
            beyond = [Frontend(family, address, protocol, number) for address in outer if address.version == family]
            if _is_port(port.get("nodePort")):
                beyond.append(Frontend(family, None, protocol, port["nodePort"]))
            mine = backends.lead(beyond, spec.get("externalTrafficPolicy") == "Local", is_inside=False)
            _restrict(draft, spec, [frontend for frontend in mine if frontend.address in ingress])


def _restrict(draft: _Draft, spec: Object, frontends: Iterable[Frontend]) -> None:
    """What cannot be read as a network allows nobody, rather than everybody."""
    wanted = spec.get("loadBalancerSourceRanges") if spec.get("type") == "LoadBalancer" else None
    if not wanted:
        return
    networks = [network for network in map(_network, wanted) if network is not None]
    for frontend in frontends:
        draft.ranges[frontend] = tuple(network for network in networks if network.version == frontend.family)


@dataclass(frozen=True, slots=True)
class _Backends:
    """The endpoints behind one port in one family."""

    draft: _Draft
    choice: Choice
    here: Choice

    @classmethod
    def of(cls, draft: _Draft, spec: Object, name: PortName, number: int, known: Candidates) -> _Backends:
        candidates = known.get(name, {}).values()
        here = [entry for entry in candidates if entry.node == draft.node.name]
        text = f"{name.service.namespace}/{name.service.name}/{name.name}/{name.protocol}/{number}/{name.family}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        affinity = _affinity(spec)

        def choice(prefix: str, among: tuple[Endpoint, ...]) -> Choice:
            return Choice(f"{prefix}_{digest}", name.family, name.protocol, among, affinity)

        return cls(draft, choice("any", endpoints.chosen(candidates)), choice("here", endpoints.chosen(here)))

    def lead(self, frontends: Iterable[Frontend], is_local: bool, *, is_inside: bool) -> list[Frontend]:
        """Takes those that are still free. is_local: the traffic policy; is_inside: within the cluster."""
        draft, mine = self.draft, self.draft.claim(frontends)
        if not mine:
            return []
        if not self.choice.endpoints:
            draft.refused.update(mine)
        elif not is_local or self.here.endpoints == self.choice.endpoints:
            draft.choices[self.choice.name] = self.choice
            draft.leads.update(dict.fromkeys(mine, self.choice.name))
        elif is_inside:
            self._here_only(mine)
        else:
            self._split(mine)
        return mine

    def _here_only(self, frontends: list[Frontend]) -> None:
        if not self.here.endpoints:
            self.draft.dropped.update(frontends)
            return
        self.draft.choices[self.here.name] = self.here
        self.draft.leads.update(dict.fromkeys(frontends, self.here.name))

    def _split(self, frontends: list[Frontend]) -> None:
        outside = self.here if self.here.endpoints else None
        name = f"split_{self.choice.name.removeprefix('any_')}"
        for choice in (self.choice, outside):
            if choice is not None:
                self.draft.choices[choice.name] = choice
        self.draft.splits[name] = Split(name, self.choice.family, self.choice, outside)
        self.draft.leads.update(dict.fromkeys(frontends, name))


def _parsed(texts: Iterable[object]) -> Iterator[Address]:
    for text in texts:
        address = parse_address(text)
        if address is not None:
            yield address


def _is_port(number: object) -> bool:
    return isinstance(number, int) and 0 < number < 65536


def _affinity(spec: Object) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    seconds = config.get("timeoutSeconds")
    return seconds if isinstance(seconds, int) and 0 < seconds <= 86400 else _AFFINITY
