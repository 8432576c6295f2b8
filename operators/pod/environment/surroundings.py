"""What a Pod's names and DNS are made from on this node, and the files that they become."""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from operators._kube.controller import Key
from operators.pod.environment import dns, hosts
from operators.pod.environment.dns import Cluster, Note
from operators.pod.sources import Object

_DNS_SERVICE = Key("kube-system", "kube-dns")
_RESOLV_CONF = Path("/etc/resolv.conf")
_BEHIND_THE_STUB = Path("/run/systemd/resolve/resolv.conf")
_HOSTS = Path("/etc/hosts")


class Services(Protocol):
    """The cached objects of the API."""

    def get_or_none(self, api_version: str, resource: str, key: Key) -> Any: ...


def node_hostname() -> str:
    return socket.gethostname()


def cluster_dns(services: Services) -> Cluster:
    """The DNS of Services: UKUBE_CLUSTER_DNS (addresses with commas between), else that of the Service kube-dns."""
    if configured := os.environ.get("UKUBE_CLUSTER_DNS"):
        return Cluster([address.strip() for address in configured.split(",") if address.strip()])
    service: Mapping[str, Any] = services.get_or_none("v1", "services", _DNS_SERVICE) or {}
    spec = service.get("spec") or {}
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP")]
    return Cluster([address for address in addresses if address and address != "None"])


def base_files(pod: Object, ips: Sequence[str], cluster: Cluster) -> tuple[dict[str, str], list[Note]]:
    """({name of the file in the Pod's folder: its text}, Events). Reads the node's own files. Raises SandboxError."""
    resolv_conf, notes = dns.resolv_conf(pod, _resolv_conf(), cluster)
    texts = {
        "etc-hosts": hosts.etc_hosts(pod, ips, _read(_HOSTS), cluster.domain),
        "resolv.conf": resolv_conf,
        "hostname": hosts.hostname(pod, node_hostname(), cluster.domain) + "\n",
    }
    return texts, notes


def _resolv_conf() -> str:
    """The node's resolv.conf; where that leads to a stub on the node's loopback, the one behind it."""
    text = _read(_RESOLV_CONF)
    return (_read(_BEHIND_THE_STUB) or text) if dns.is_stub(text) else text


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
