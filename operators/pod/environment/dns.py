"""The Pod's /etc/resolv.conf, as kubelet makes it (pure).

See the Kubernetes page "DNS for Services and Pods", "Pod's DNS Policy" and "Pod's DNS Config".
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operators.pod.sources import Object

CLUSTER_DOMAIN = "cluster.local"
_MAX_NAMESERVERS = 3
_MAX_SEARCHES, _MAX_SEARCH_LINE, _MAX_SEARCH = 32, 2048, 253


@dataclass(frozen=True, slots=True)
class Cluster:
    """The DNS of Services. servers: addresses; none while there is no such thing here."""

    servers: Sequence[str] = ()
    domain: str = CLUSTER_DOMAIN


@dataclass(frozen=True, slots=True)
class Note:
    """An Event about the Pod; `node`: the message for another about the Node."""

    reason: str
    message: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class _Settings:
    servers: list[str]
    searches: list[str]
    options: dict[str, str]


def resolv_conf(pod: Object, host_file: str, cluster: Cluster | None = None) -> tuple[str, list[Note]]:
    """(the file's text, what is to be told). `host_file`: the node's own; see host_text."""
    spec, cluster = pod.get("spec", {}), cluster or Cluster()
    notes: list[Note] = []
    settings = _base(pod, _parse(host_file), cluster, notes)
    config = spec.get("dnsConfig") or {}
    servers = _unique([*settings.servers, *(config.get("nameservers") or ())])
    searches = _unique([*settings.searches, *(config.get("searches") or ())])
    options = settings.options | _named(
        option["name"] if option.get("value") is None else f"{option['name']}:{option['value']}"
        for option in config.get("options") or ()
    )
    servers, searches = _fitting_servers(servers, notes), _fitting_searches(searches, notes)
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {server}" for server in servers]
    lines += [f"options {' '.join(options.values())}"] if options else []
    return "".join(f"{line}\n" for line in lines), notes


def is_stub(host_file: str) -> bool:
    """Whether the node asks a server on its own loopback only, which no Pod can reach."""
    servers = _parse(host_file).servers
    return bool(servers) and all(_is_loopback(server) for server in servers)


def _base(pod: Object, host: _Settings, cluster: Cluster, notes: list[Note]) -> _Settings:
    spec = pod.get("spec", {})
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if policy == "None":
        return _Settings([], [], {})
    if policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        return host
    if not cluster.servers:
        notes.append(_missing(pod))
        return host
    below = [f"{pod['metadata']['namespace']}.svc.{cluster.domain}", f"svc.{cluster.domain}", cluster.domain]
    return _Settings(list(cluster.servers), _unique([*below, *host.searches]), {"ndots": "ndots:5"})


def _missing(pod: Object) -> Note:
    meta = pod["metadata"]
    cause = (
        'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. '
        'Falling back to "Default" policy.'
    )
    name = f"{meta['name']}_{meta['namespace']}({meta.get('uid', '')})"
    return Note("MissingClusterDNS", f'pod: "{name}". {cause}', node=cause)


def _fitting_servers(servers: list[str], notes: list[Note]) -> list[str]:
    fitting = servers[:_MAX_NAMESERVERS]
    if len(fitting) < len(servers):
        text = "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
        notes.append(Note("DNSConfigForming", text + " ".join(fitting)))
    return fitting


def _fitting_searches(searches: list[str], notes: list[Note]) -> list[str]:
    """Some resolvers end the program that has a longer search path, so these are left out too."""
    fitting = [search for search in searches[:_MAX_SEARCHES] if len(search) <= _MAX_SEARCH]
    while len(" ".join(fitting)) > _MAX_SEARCH_LINE:
        fitting.pop()
    if len(fitting) < len(searches):
        text = "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
        notes.append(Note("DNSConfigForming", text + " ".join(fitting)))
    return fitting


def _parse(text: str) -> _Settings:
    """See resolv.conf(5)."""
    servers: list[str] = []
    searches: list[str] = []
    options: list[str] = []
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if len(words) < 2:
            continue
        if words[0] == "nameserver":
            servers.append(words[1])
        elif words[0] in ("search", "domain"):
            searches = [word if word == "." else word.removesuffix(".") for word in words[1:]]
        elif words[0] == "options":
            options += words[1:]
    return _Settings(servers, searches, _named(options))


def _named(options: Iterable[str]) -> dict[str, str]:
    """Options by their name; the last of a name holds."""
    return {option.partition(":")[0]: option for option in options}


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
