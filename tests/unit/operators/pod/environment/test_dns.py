"""/etc/resolv.conf of Pods."""

import pytest

from operators.pod.environment import dns
from operators.pod.environment.dns import Cluster, Note

NODE = "# comment\nnameserver 192.0.2.53\nsearch example.org. .\noptions ndots:1 edns0\n"
CLUSTER = Cluster(("10.96.0.10", "fd00::a"))
BELOW = "shop.svc.cluster.local svc.cluster.local cluster.local"


def pod(**spec):
    return {"metadata": {"name": "web-0", "namespace": "shop", "uid": "u-1"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"dnsPolicy": "Default"}, "search example.org .\nnameserver 192.0.2.53\noptions ndots:1 edns0\n"),
        (
            {},
            f"search {BELOW} example.org .\nnameserver 10.96.0.10\nnameserver fd00::a\noptions ndots:5\n",
        ),
        (
            {"dnsPolicy": "ClusterFirst", "hostNetwork": True},
            "search example.org .\nnameserver 192.0.2.53\noptions ndots:1 edns0\n",
        ),
        (
            {"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True},
            f"search {BELOW} example.org .\nnameserver 10.96.0.10\nnameserver fd00::a\noptions ndots:5\n",
        ),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.1"], "searches": ["a.b"]}},
            "search a.b\nnameserver 192.0.2.1\n",
        ),
        (
            {
                "dnsPolicy": "Default",
                "dnsConfig": {
                    "nameservers": ["192.0.2.53", "192.0.2.2"],
                    "searches": ["example.org", "b.c"],
                    "options": [{"name": "ndots", "value": "3"}, {"name": "rotate"}],
                },
            },
            "search example.org . b.c\nnameserver 192.0.2.53\nnameserver 192.0.2.2\noptions ndots:3 edns0 rotate\n",
        ),
    ],
)
def test_resolv_conf(spec, expected):
    assert dns.resolv_conf(pod(**spec), NODE, CLUSTER) == (expected, [])


def test_another_domain():
    text, _ = dns.resolv_conf(pod(), "", Cluster(("10.96.0.10",), "example.net"))
    assert text.startswith("search shop.svc.example.net svc.example.net example.net\n")


def test_no_cluster_dns():
    text, notes = dns.resolv_conf(pod(), NODE)
    assert text == "search example.org .\nnameserver 192.0.2.53\noptions ndots:1 edns0\n"
    cause = (
        'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. '
        'Falling back to "Default" policy.'
    )
    assert notes == [Note("MissingClusterDNS", f'pod: "web-0_shop(u-1)". {cause}', node=cause)]


def test_too_many_servers():
    servers = [f"192.0.2.{i}" for i in range(1, 5)]
    text, notes = dns.resolv_conf(pod(dnsPolicy="None", dnsConfig={"nameservers": servers}), "")
    assert text.count("nameserver") == 3
    assert notes == [
        Note(
            "DNSConfigForming",
            "Nameserver limits were exceeded, some nameservers have been omitted, "
            "the applied nameserver line is: 192.0.2.1 192.0.2.2 192.0.2.3",
        )
    ]


@pytest.mark.parametrize(
    ("searches", "left"),
    [
        ([f"s{i}.example" for i in range(40)], 32),
        (["x" * 254, "y"], 1),
        (["x" * 200 + str(i) for i in range(12)], 10),
    ],
)
def test_too_much_to_search(searches, left):
    text, (note,) = dns.resolv_conf(pod(dnsPolicy="None", dnsConfig={"searches": searches}), "")
    line = text.splitlines()[0].removeprefix("search ")
    assert len(line.split()) == left
    assert len(line) <= 2048
    assert note == Note(
        "DNSConfigForming",
        "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: " + line,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nameserver 127.0.0.53\n", True),
        ("nameserver ::1\nnameserver 127.0.0.1\n", True),
        ("nameserver 127.0.0.53\nnameserver 192.0.2.1\n", False),
        ("nameserver fe80::1%eth0\n", False),
        ("", False),
    ],
)
def test_is_stub(text, expected):
    assert dns.is_stub(text) is expected
