"""/etc/hosts and host names of Pods."""

import pytest

from operators.pod.environment import hosts
from operators.pod.sources import SandboxError


def pod(name="web-0", **spec):
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pod(), "web-0"),
        (pod(hostname="db"), "db"),
        (pod(name="x" * 62 + "-y"), "x" * 62),
        (pod(hostNetwork=True), "node"),
        (pod(hostname="db", subdomain="svc", setHostnameAsFQDN=True), "db.svc.shop.svc.cluster.local"),
        (pod(hostnameOverride="other"), "other"),
    ],
)
def test_hostname(given, expected):
    assert hosts.hostname(given, "node") == expected


def test_etc_hosts():
    text = hosts.etc_hosts(
        pod(subdomain="svc", hostAliases=[{"ip": "192.0.2.9", "hostnames": ["a", "b"]}]), ("10.244.0.5",)
    )
    assert "10.244.0.5\tweb-0.svc.shop.svc.cluster.local\tweb-0\n" in text
    assert text.endswith("\n# Entries added by HostAliases.\n192.0.2.9\ta\tb\n")
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")


def test_host_network_starts_from_the_nodes_file():
    text = hosts.etc_hosts(pod(hostNetwork=True), ("192.0.2.1",), "127.0.0.1 localhost\n192.0.2.1 node\n")
    assert text == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n192.0.2.1 node\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pod("a.b", subdomain="svc"), ("a.b", "svc.shop.svc.cluster.local", "a.b")),
        (pod(hostname="db", subdomain="svc"), ("db", "svc.shop.svc.cluster.local", "db")),
        (pod(hostname="db", setHostnameAsFQDN=True), ("db", "", "db")),
        (pod(hostnameOverride="db.example.org", subdomain="svc"), ("db.example.org", "", "db.example.org")),
    ],
)
def test_names(given, expected):
    found = hosts.names(given)
    assert (found.host, found.domain, found.kernel) == expected


def test_a_fully_qualified_name_that_is_too_long():
    full = f"{'x' * 40}.svc.shop.svc.cluster.local"
    with pytest.raises(SandboxError) as caught:
        hosts.hostname(pod(hostname="x" * 40, subdomain="svc", setHostnameAsFQDN=True))
    assert str(caught.value) == (
        f"failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long "
        f"(64 characters is the max, {len(full)} characters requested)"
    )


def test_every_address_of_the_pod():
    text = hosts.etc_hosts(pod(), ("10.244.0.5", "fd00::5"))
    assert text.endswith("fe00::2\tip6-allrouters\n10.244.0.5\tweb-0\nfd00::5\tweb-0\n")


def test_aliases_on_the_host_network():
    text = hosts.etc_hosts(pod(hostNetwork=True, hostAliases=[{"ip": "192.0.2.9", "hostnames": ["a"]}]), (), "x y")
    assert text == (
        "# Kubernetes-managed hosts file (host network).\nx y\n\n# Entries added by HostAliases.\n192.0.2.9\ta\n"
    )
