"""What LoadBalancers are given, and told."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from operators._kube.meta import Key
from operators.service import plan, sockets, status
from operators.service.status import Given, Socket
from tests.unit.operators.service.build import NODE, address, service

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEB = Key("default", "web")
HAS = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10", "ipMode": "VIP"}]}}


def balancer(name="web", **fields):
    return service(name, type="LoadBalancer", **fields)


def problems(*services, busy=()):
    return {key.name: found.problem for key, found in status.give(services, NODE, busy).items()}


def test_the_nodes_address():
    assert status.give([balancer()], NODE) == {WEB: Given((address("192.0.2.10"),))}
    assert status.compute(balancer(), Given((address("192.0.2.10"),)), NOW) == HAS


def test_another_class_is_anothers():
    other = balancer(loadBalancerClass="example.com/x", status={"loadBalancer": {"ingress": [{"ip": "192.0.2.99"}]}})
    assert status.give([other], NODE) == {}
    assert status.compute(other, None, NOW) == other["status"]
    assert status.addresses([other], {}) == {WEB: (address("192.0.2.99"),)}


def test_no_longer_a_load_balancer():
    assert status.compute(service(status=HAS), None, NOW) == {"loadBalancer": {}}
    assert status.compute({**service(), "status": {}}, None, NOW) == {}


@pytest.mark.parametrize(
    ("first", "second", "loser"),
    [
        ({"age": 1}, {"age": 2}, "b"),
        ({"age": 2}, {"age": 1}, "web"),
        ({"age": 2, "status": HAS}, {"age": 1}, "b"),  # who has an address keeps it
    ],
)
def test_a_port_is_given_once(first, second, loser):
    found = problems(balancer(**first), balancer("b", **second))
    winner = ({"web", "b"} - {loser}).pop()
    assert found == {
        winner: "",
        loser: f"port 80/TCP is already used by the LoadBalancer Service default/{winner}",
    }


def test_another_protocol_is_another_port():
    assert set(problems(balancer(), balancer("b", ports=[{"port": 80, "protocol": "UDP"}])).values()) == {""}


def test_a_port_that_the_node_itself_uses():
    busy = {Socket("tcp", 80)}
    assert problems(balancer(), busy=busy) == {"web": "port 80/TCP is already used by a program on node here"}
    assert problems(balancer(status=HAS), busy=busy) == {"web": ""}


def test_addresses_that_the_node_has_not():
    assert "198.51.100.1 is not" in problems(balancer(loadBalancerIP="198.51.100.1"))["web"]
    assert "no address" in problems(balancer(ipFamilies=["IPv6"]))["web"]
    bare = plan.Node("here", ip_network("10.244.0.0/22"))
    assert status.give([balancer()], bare)[WEB].problem == "node here has no address of the Service's families"


def test_a_problem_is_a_condition_until_it_is_gone():
    bad = status.compute(balancer(status=HAS), Given(problem="port 80/TCP is used"), NOW)
    assert bad["loadBalancer"] == {}
    condition = bad["conditions"][0]
    assert (condition["type"], condition["status"]) == ("LoadBalancerPortsError", "True")
    assert condition["message"] == "port 80/TCP is used"
    again = status.compute(balancer(status=bad), Given(problem="port 80/TCP is used"), NOW.replace(year=2027))
    assert again == bad
    assert status.compute(balancer(status=bad), Given((address("192.0.2.10"),)), NOW) == {**HAS, "conditions": []}


def test_listening_programs(tmp_path):
    head = "  sl  local_address rem_address   st\n"
    lines = ["00000000:1F90 00000000:0000 0A", "0100007F:0050 00000000:0000 0A", "0A0002C0:0051 0A0002C0:0001 01"]
    (tmp_path / "tcp").write_text(head + "".join(f"   {n}: {line}\n" for n, line in enumerate(lines)))
    loopback, every = "0" * 24 + "01000000", "0" * 32
    (tmp_path / "tcp6").write_text(
        head + f"   0: {loopback}:0016 {every}:0000 0A\n   1: {every}:0019 {every}:0000 0A\n"
    )
    (tmp_path / "udp").write_text(head + "   0: 00000000:0035 00000000:0000 07\n")
    assert sockets.listening(tmp_path) == {Socket("tcp", 8080), Socket("tcp", 25), Socket("udp", 53)}
