"""Which packets go where."""

import pytest

from operators._kube.meta import Key
from operators.service import plan
from operators.service.table import Frontend
from tests.unit.operators.service.build import NODE, address, endpoint, service, slice_

IP = "10.96.0.5"


def table(services, slices, ingress=None):
    return plan.table(services, slices, NODE, ingress or {})


def led(found, where, protocol="tcp", port=80):
    """Where packets to an address (None: a node port) go: "refused", "dropped", None, or the sockets."""
    at = address(where) if where else None
    frontend = Frontend(at.version if at else 4, at, protocol, port)
    if frontend in found.refused:
        return "refused"
    if frontend in found.dropped:
        return "dropped"
    name = found.leads.get(frontend)
    return name and [f"{e.address}:{e.port}" for e in found.endpoints(name)]


READY, ENDING = {"ready": True}, {"ready": False, "serving": True, "terminating": True}
ENDED, STARTING = {"ready": False, "serving": False, "terminating": True}, {"ready": False, "serving": False}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (READY, READY, ["10.244.0.2:8080", "10.244.0.3:8080"]),
        (READY, ENDING, ["10.244.0.2:8080"]),
        (STARTING, ENDING, ["10.244.0.3:8080"]),
        (STARTING, ENDED, "refused"),
        ({"serving": True}, STARTING, ["10.244.0.2:8080"]),  # nobody says whether it is ready: it is
        ({"ready": False, "terminating": True}, STARTING, "refused"),  # serving is as ready where nobody says
    ],
)
def test_who_answers(first, second, expected):
    slices = [slice_(endpoint("10.244.0.2", **first), endpoint("10.244.0.3", **second))]
    assert led(table([service()], slices), IP) == expected


def test_ports_find_each_other_by_name_and_protocol():
    ports = [{"name": "a", "port": 80, "protocol": "TCP"}, {"name": "b", "port": 80, "protocol": "UDP"}]
    slices = [
        slice_(endpoint("10.244.0.2"), name="a", port=1),
        slice_(endpoint("10.244.0.2"), name="b", port=2, protocol="UDP"),
        slice_(endpoint("10.244.0.9"), name="a", port=3, protocol="SCTP"),
    ]
    found = table([service(ports=ports)], slices)
    assert led(found, IP) == ["10.244.0.2:1"]
    assert led(found, IP, "udp") == ["10.244.0.2:2"]


def test_two_slices_with_one_endpoint_count_it_once_at_its_best():
    slices = [slice_(endpoint("10.244.0.2", **STARTING)), slice_(endpoint("10.244.0.2"))]
    assert led(table([service()], slices), IP) == ["10.244.0.2:8080"]


@pytest.mark.parametrize(
    "ignored",
    [
        service(address="None"),
        service(address="", type="ExternalName", externalName="example.com"),
        service(labels={"service.kubernetes.io/service-proxy-name": "other"}),
        {**service(), "metadata": {"name": "kubernetes", "namespace": "default"}},
        service(address="10.96.0.5%eth0; drop"),
    ],
)
def test_not_from_here(ignored):
    found = table([ignored], [slice_(endpoint("10.244.0.2"))])
    assert not found.leads
    assert not found.refused


@pytest.mark.parametrize("label", ["service.kubernetes.io/headless", "service.kubernetes.io/service-proxy-name"])
def test_slices_of_others(label):
    found = table([service()], [slice_(endpoint("10.244.0.2"), labels={label: ""})])
    assert led(found, IP) == "refused"


@pytest.mark.parametrize("bad", ["", "10.244.0.2 }", "fe80::1%eth0", "nonsense", "fd00::1"])
def test_what_is_no_address_of_the_family_never_gets_in(bad):
    assert led(table([service()], [slice_(endpoint(bad))]), IP) == "refused"


@pytest.mark.parametrize(
    ("policy", "inside", "outside"),
    [
        ({}, ["10.244.0.2:8080", "198.51.100.7:8080"], ["10.244.0.2:8080", "198.51.100.7:8080"]),
        ({"internalTrafficPolicy": "Local"}, ["10.244.0.2:8080"], ["10.244.0.2:8080", "198.51.100.7:8080"]),
    ],
)
def test_traffic_policies(policy, inside, outside):
    ports = [{"port": 80, "nodePort": 30080}]
    slices = [slice_(endpoint("10.244.0.2"), endpoint("198.51.100.7", node="there"))]
    found = table([service(ports=ports, **policy)], slices)
    assert led(found, IP) == inside
    assert led(found, None, port=30080) == outside
    assert {str(e.address) for e, _ in found.remote} == {"198.51.100.7"}
    assert {str(a) for a in found.hairpin} == {"10.244.0.2"}


@pytest.mark.parametrize(("node", "outside"), [("here", ["10.244.0.2"]), ("there", None)])
def test_external_traffic_stays_on_the_node_but_the_nodes_own_goes_anywhere(node, outside):
    ports = [{"port": 80, "nodePort": 30080}]
    slices = [slice_(endpoint("10.244.0.2", node=node), endpoint("198.51.100.7", node="there"))]
    found = table([service(ports=ports, type="NodePort", externalTrafficPolicy="Local")], slices)
    split = found.splits[found.leads[Frontend(4, None, "tcp", 30080)]]
    assert [str(e.address) for e in split.inside.endpoints] == ["10.244.0.2", "198.51.100.7"]
    assert (split.outside and [str(e.address) for e in split.outside.endpoints]) == outside


def test_internal_traffic_without_an_endpoint_of_the_node_gets_no_answer():
    slices = [slice_(endpoint("198.51.100.7", node="there"))]
    assert led(table([service(internalTrafficPolicy="Local")], slices), IP) == "dropped"


def test_the_oldest_has_an_address_that_two_want():
    slices = [slice_(endpoint("10.244.0.2")), slice_(endpoint("10.244.0.3"), service="b")]
    outer = {"externalIPs": ["203.0.113.1"]}
    services = [service("b", "10.96.0.6", age=1, **outer), service(age=2, **outer)]
    assert led(table(services, slices), "203.0.113.1") == ["10.244.0.3:8080"]


def test_a_load_balancer_and_who_may_use_it():
    ports = [{"port": 80, "nodePort": 30080}]
    ranges = ["10.0.0.0/8", " 192.0.2.7/24", "fd00::/8", "nonsense"]
    spec = {"type": "LoadBalancer", "loadBalancerSourceRanges": ranges}
    slices = [slice_(endpoint("10.244.0.2"))]
    found = table([service(ports=ports, **spec)], slices, {Key("default", "web"): [address("192.0.2.10")]})
    assert led(found, "192.0.2.10") == ["10.244.0.2:8080"]
    at = Frontend(4, address("192.0.2.10"), "tcp", 80)
    assert {f: [str(n) for n in networks] for f, networks in found.ranges.items()} == {
        at: ["10.0.0.0/8", "192.0.2.0/24"]
    }


def test_both_families():
    both = service(clusterIPs=[IP, "fd00:96::5"])
    slices = [slice_(endpoint("10.244.0.2")), slice_(endpoint("fd00::2"), family="IPv6")]
    found = table([both], slices)
    assert led(found, IP) == ["10.244.0.2:8080"]
    assert led(found, "fd00:96::5") == ["fd00::2:8080"]


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, 0),
        ({"sessionAffinity": "None"}, 0),
        ({"sessionAffinity": "ClientIP"}, 10800),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 7}}}, 7),
    ],
)
def test_affinity(spec, seconds):
    found = table([service(**spec)], [slice_(endpoint("10.244.0.2"))])
    assert [choice.affinity for choice in found.choices.values()] == [seconds]
    assert found.has_affinity == bool(seconds)


def test_datagrams():
    ports = [{"port": 53, "protocol": "UDP", "nodePort": 30053}, {"port": 80}]
    slices = [slice_(endpoint("10.244.0.2"), protocol="UDP")]
    found = table([service(ports=ports)], slices).datagrams()
    assert {(str(f.address), f.port): [str(e.address) for e in known] for f, known in found.items()} == {
        (IP, 53): ["10.244.0.2"],
        ("None", 30053): ["10.244.0.2"],
    }
