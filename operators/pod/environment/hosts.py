"""The Pod's host name and its /etc/hosts, as kubelet makes them (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from operators.pod.environment.dns import CLUSTER_DOMAIN
from operators.pod.sources import Object, SandboxError

_MAX_HOSTNAME = 63
_MAX_FQDN = 64  # what the kernel takes as a host name


@dataclass(frozen=True, slots=True)
class Names:
    """host: the short name. domain: what makes it fully qualified, "" without a subdomain. kernel: what hostname(1)
    says in the containers."""

    host: str
    domain: str
    kernel: str


def names(pod: Object, domain: str = CLUSTER_DOMAIN) -> Names:
    """The names of a Pod on the Pods' network. Raises SandboxError when setHostnameAsFQDN makes a name too long.

    See the Kubernetes page "DNS for Services and Pods", "Pod's hostname and subdomain fields".
    """
    meta, spec = pod["metadata"], pod.get("spec", {})
    if override := spec.get("hostnameOverride"):
        return Names(str(override), "", str(override))
    host = str(spec.get("hostname") or meta["name"])[:_MAX_HOSTNAME].rstrip("-.")
    below = f"{spec['subdomain']}.{meta['namespace']}.svc.{domain}" if spec.get("subdomain") else ""
    if not (below and spec.get("setHostnameAsFQDN")):
        return Names(host, below, host)
    full = f"{host}.{below}"
    if len(full) > _MAX_FQDN:
        raise SandboxError(
            f"failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long "
            f"({_MAX_FQDN} characters is the max, {len(full)} characters requested)"
        )
    return Names(host, below, full)


def hostname(pod: Object, node_hostname: str = "", domain: str = CLUSTER_DOMAIN) -> str:
    """The name the Pod's containers see; the node's own on its network. Raises SandboxError."""
    return node_hostname if pod.get("spec", {}).get("hostNetwork") else names(pod, domain).kernel


def etc_hosts(pod: Object, pod_ips: Sequence[str], host_file: str = "", domain: str = CLUSTER_DOMAIN) -> str:
    """The text of /etc/hosts. `host_file` is the node's own, which Pods on the host network start from."""
    spec = pod.get("spec", {})
    if spec.get("hostNetwork"):
        text = f"# Kubernetes-managed hosts file (host network).\n{host_file}"
        return (text if text.endswith("\n") else f"{text}\n") + _aliases(spec)
    found = names(pod, domain)
    own = f"{found.host}.{found.domain}\t{found.host}" if found.domain else found.host
    lines = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
        *(f"{address}\t{own}" for address in pod_ips),
    ]
    return "\n".join(lines) + "\n" + _aliases(spec)


def _aliases(spec: Object) -> str:
    entries = spec.get("hostAliases") or ()
    if not entries:
        return ""
    lines = [f"{entry['ip']}\t" + "\t".join(entry.get("hostnames") or ()) + "\n" for entry in entries]
    return "\n# Entries added by HostAliases.\n" + "".join(lines)
