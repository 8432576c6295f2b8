"""Which endpoints answer for a port of a Service (pure).

See the Kubernetes page "EndpointSlices", "Conditions", and KEP-1669 (terminating endpoints).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from operators._kube import meta
from operators._kube.meta import Key, Object
from operators.service.table import Endpoint, parse_address

SERVICE = "kubernetes.io/service-name"
HEADLESS = "service.kubernetes.io/headless"
#: A Service or slice with this label is another proxy's.
OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
_FAMILIES = {"IPv4": 4, "IPv6": 6}


class Candidate(NamedTuple):
    """An endpoint of a slice. `node`: the Node that it is on; "" where nobody says."""

    endpoint: Endpoint
    node: str
    is_ready: bool
    is_fallback: bool


class PortName(NamedTuple):
    """What a Service's port and a slice's port find each other by."""

    service: Key
    family: int
    name: str
    protocol: str


Candidates = dict[PortName, dict[Endpoint, Candidate]]


def gather(slices: Iterable[Object]) -> Candidates:
    """Every endpoint, by the port that it is for; an endpoint that is in two slices counts once, as its better self."""
    found: Candidates = defaultdict(dict)
    for slice_ in slices:
        labels = meta.labels_of(slice_)
        family = _FAMILIES.get(slice_.get("addressType", ""))
        if family is None or SERVICE not in labels or HEADLESS in labels or OTHER_PROXY in labels:
            continue
        service = Key(meta.namespace_of(slice_), labels[SERVICE])
        for port in slice_.get("ports") or ():
            number = port.get("port")
            if not isinstance(number, int) or not 0 < number < 65536:
                continue
            protocol = str(port.get("protocol") or "TCP").lower()
            known = found[PortName(service, family, port.get("name") or "", protocol)]
            for candidate in _of(slice_, family, number):
                old = known.get(candidate.endpoint)
                if old is None or candidate[2:] > old[2:]:
                    known[candidate.endpoint] = candidate
    return found


def _of(slice_: Object, family: int, port: int) -> Iterable[Candidate]:
    for entry in slice_.get("endpoints") or ():
        addresses = entry.get("addresses") or ()
        # All addresses of an endpoint are the same to those who use it: the first will do.
        address = parse_address(addresses[0]) if addresses else None
        if address is None or address.version != family:
            continue
        said = entry.get("conditions") or {}
        is_ready = said.get("ready") is not False
        is_serving = said.get("serving") is not False if "serving" in said else is_ready
        is_fallback = is_serving and said.get("terminating") is True
        yield Candidate(Endpoint(address, port), entry.get("nodeName") or "", is_ready, is_fallback)


def chosen(candidates: Iterable[Candidate]) -> tuple[Endpoint, ...]:
    """The ready ones; where there are none, those that still serve while they end."""
    every = list(candidates)
    found = [entry.endpoint for entry in every if entry.is_ready]
    return tuple(sorted(found or [entry.endpoint for entry in every if entry.is_fallback]))
