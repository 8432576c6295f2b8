"""The Pod's /etc/hosts, /etc/resolv.conf and host name, as kubelet makes them (pure)."""

from operators.pod.sources import Object

_MAX_NAMESERVERS = 3
_MAX_HOSTNAME = 63


def hostname(pod: Object, node_hostname: str = "") -> str:
    """The name the Pod's containers see: `spec.hostname`, else the Pod's name cut to 63 characters."""
    spec = pod.get("spec", {})
    if spec.get("hostnameOverride"):
        return str(spec["hostnameOverride"])
    if spec.get("hostNetwork"):
        return node_hostname
    name = str(spec.get("hostname") or pod["metadata"]["name"])[:_MAX_HOSTNAME].rstrip("-.")
    if spec.get("setHostnameAsFQDN") and (domain := _domain(pod)):
        return f"{name}.{domain}"
    return name


def etc_hosts(pod: Object, pod_ips: tuple[str, ...], host_file: str = "") -> str:
    """The text of /etc/hosts. `host_file` is the node's own, which Pods on the host network start from."""
    spec = pod.get("spec", {})
    if spec.get("hostNetwork"):
        lines = ["# Kubernetes-managed hosts file (host network).", host_file.rstrip("\n")]
    else:
        lines = [
            "# Kubernetes-managed hosts file.",
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::0\tip6-localnet",
            "fe00::0\tip6-mcastprefix",
            "fe00::1\tip6-allnodes",
            "fe00::2\tip6-allrouters",
        ]
        name, domain = hostname(pod).partition(".")[0], _domain(pod)
        names = f"{name}.{domain}\t{name}" if domain else name
        lines += [f"{address}\t{names}" for address in pod_ips]
    aliases = spec.get("hostAliases") or ()
    if aliases:
        lines += ["", "# Entries added by HostAliases."]
        lines += ["\t".join([alias["ip"], *(alias.get("hostnames") or ())]) for alias in aliases]
    return "\n".join(lines) + "\n"


def resolv_conf(pod: Object, host_file: str) -> str:
    """The text of /etc/resolv.conf: the node's for `Default` (and for `ClusterFirst` while the node serves no
    cluster DNS, as kubelet falls back), nothing for `None`, each extended by `dnsConfig`."""
    spec = pod.get("spec", {})
    servers, searches, options = ([], [], []) if spec.get("dnsPolicy") == "None" else _parse(host_file)
    config = spec.get("dnsConfig") or {}
    servers = _unique([*servers, *(config.get("nameservers") or ())])[:_MAX_NAMESERVERS]
    searches = _unique([*searches, *(config.get("searches") or ())])
    for option in config.get("options") or ():
        name, value = option["name"], option.get("value")
        options = [o for o in options if o.partition(":")[0] != name]
        options.append(name if value is None else f"{name}:{value}")
    lines = [f"nameserver {server}" for server in servers]
    if searches:
        lines.insert(0, "search " + " ".join(searches))
    if options:
        lines.append("options " + " ".join(options))
    return "".join(line + "\n" for line in lines)


def _domain(pod: Object) -> str:
    subdomain = pod.get("spec", {}).get("subdomain")
    return f"{subdomain}.{pod['metadata']['namespace']}.svc.cluster.local" if subdomain else ""


def _parse(text: str) -> tuple[list[str], list[str], list[str]]:
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
            searches = words[1:]
        elif words[0] == "options":
            options += words[1:]
    return servers, searches, options


def _unique(words: list[str]) -> list[str]:
    return list(dict.fromkeys(words))
