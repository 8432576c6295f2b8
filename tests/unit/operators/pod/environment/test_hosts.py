"""/etc/hosts, /etc/resolv.conf and host names of Pods."""

import pytest

from operators.pod.environment import hosts


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


NODE = "# comment\nnameserver 192.0.2.53\nsearch example.org\noptions ndots:1 edns0\n"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"dnsPolicy": "Default"}, "search example.org\nnameserver 192.0.2.53\noptions ndots:1 edns0\n"),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.1"], "searches": ["a.b"]}},
            "search a.b\nnameserver 192.0.2.1\n",
        ),
        (
            {
                "dnsPolicy": "ClusterFirst",
                "dnsConfig": {
                    "nameservers": ["192.0.2.53", "192.0.2.2", "192.0.2.3", "192.0.2.4"],
                    "options": [{"name": "ndots", "value": "5"}, {"name": "rotate"}],
                },
            },
            "search example.org\nnameserver 192.0.2.53\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
            "options edns0 ndots:5 rotate\n",
        ),
    ],
)
def test_resolv_conf(spec, expected):
    assert hosts.resolv_conf(pod(**spec), NODE) == expected
