"""Services: addresses, ports and changes of type."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest


def _service(name: str = "s", **spec: Any) -> dict[str, Any]:
    body = {"ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}


def _stored(writer: Any, body: dict[str, Any]) -> dict[str, Any]:
    obj = writer.create(body)
    writer.view.put("", "services", obj)
    return dict(obj)


def test_a_cluster_ip_service(writer: Any) -> None:
    spec = writer.create(_service(selector={"a": "b"}))["spec"]
    address = spec.pop("clusterIP")
    assert address.startswith("10.96.")
    assert spec == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"a": "b"},
        "clusterIPs": [address],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }


def test_no_two_services_share_an_address_or_a_port(writer: Any) -> None:
    made = [_stored(writer, _service(f"s{i}", type="NodePort"))["spec"] for i in range(5)]
    assert len({spec["clusterIP"] for spec in made}) == 5
    assert len({spec["ports"][0]["nodePort"] for spec in made}) == 5
    _, errors = writer.try_create(_service("again", clusterIP=made[0]["clusterIP"]))
    assert errors == [
        f'spec.clusterIPs: Invalid value: ["{made[0]["clusterIP"]}"]: failed to allocate IP {made[0]["clusterIP"]}: '
        "provided IP is already allocated"
    ]


def test_an_address_on_its_way_is_taken_too(writer: Any) -> None:
    """A list does not show writes that are not durable yet, a look at one object does."""
    first = writer.create(_service("one"))
    on_its_way = {("", "services", "ns", "one"): first}
    writer.view.get = lambda *key: on_its_way.get(key)
    second = writer.create(_service("two"))
    assert second["spec"]["clusterIP"] != first["spec"]["clusterIP"]


def test_one_port_number_serves_two_protocols(writer: Any) -> None:
    ports = [
        {"name": "a", "port": 53, "nodePort": 30053},
        {"name": "b", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]
    assert writer.try_create(_service(type="NodePort", ports=ports))[1] == []


def test_headless_and_external_name(writer: Any) -> None:
    headless = writer.create(_service(clusterIP="None"))["spec"]
    assert headless["clusterIPs"] == ["None"]
    assert (headless["ipFamilyPolicy"], headless["ipFamilies"]) == ("RequireDualStack", ["IPv4", "IPv6"])
    assert writer.create(_service(clusterIP="None", selector={"a": "b"}))["spec"]["ipFamilies"] == ["IPv4"]
    external = writer.create(_service(type="ExternalName", externalName="example.com", ports=[]))["spec"]
    assert external == {"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"}


def test_local_traffic_gets_a_health_check_port(writer: Any) -> None:
    spec = writer.create(_service(type="LoadBalancer", externalTrafficPolicy="Local"))["spec"]
    assert 30000 <= spec["healthCheckNodePort"] <= 32767
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    bare = writer.create(_service(type="LoadBalancer", allocateLoadBalancerNodePorts=False))["spec"]
    assert "nodePort" not in bare["ports"][0]


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"ports": []}, ["spec.ports: Required value"]),
        ({"ports": [{"port": 1}, {"port": 2}]}, ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
        (
            {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 1}]},
            ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,"NodePort":0}'],
        ),
        ({"type": "X"}, ['spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']),
        ({"type": "ExternalName"}, ["spec.externalName: Required value"]),
        ({"clusterIP": "nope"}, ['spec.clusterIPs[0]: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
        (
            {"clusterIP": "192.0.2.1"},
            [
                'spec.clusterIPs: Invalid value: ["192.0.2.1"]: failed to allocate IP 192.0.2.1: the provided IP '
                "(192.0.2.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16"
            ],
        ),
        (
            {"type": "NodePort", "ports": [{"port": 1, "nodePort": 80}]},
            [
                "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of "
                "valid ports is 30000-32767"
            ],
        ),
        ({"ports": [{"port": 1, "nodePort": 30001}]}, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        ({"sessionAffinity": "Sticky"}, ['spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"']),
        ({"externalTrafficPolicy": "Local"}, ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']),
        ({"externalIPs": ["127.0.0.1"]}, ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']),
    ],
)  # fmt: skip
def test_errors(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_service(**spec))[1] == errors


def test_changes_of_type(writer: Any) -> None:
    old = _stored(writer, _service())
    as_node_port, errors = writer.update(old, {"spec": {"type": "NodePort"}})
    assert errors == []
    assert as_node_port["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert as_node_port["spec"]["ports"][0]["nodePort"] in range(30000, 32768)
    assert as_node_port["spec"]["externalTrafficPolicy"] == "Cluster"
    back, errors = writer.update(as_node_port, {"spec": {"type": "ClusterIP"}})
    assert (errors, back["spec"]) == ([], old["spec"])
    external, errors = writer.update(old, {"spec": {"type": "ExternalName", "externalName": "x.y"}})
    assert errors == []
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "internalTrafficPolicy"} & external["spec"].keys()


def test_an_update_keeps_what_it_does_not_name(writer: Any) -> None:
    old = _stored(writer, _service(type="NodePort"))
    replaced = {"metadata": old["metadata"], "apiVersion": "v1", "kind": "Service"}
    new = writer.decode(replaced | {"spec": {"type": "NodePort", "ports": [{"port": 80}]}})[1]
    strategy = writer.strategies.for_resource(writer.decode(_service())[0])
    strategy.prepare_update(new, old)
    assert strategy.validate_update(new, old) == []
    assert new["spec"] == old["spec"]


def test_the_address_may_not_change(writer: Any) -> None:
    old = _stored(writer, _service())
    _, errors = writer.update(old, {"spec": {"clusterIP": "10.96.77.7", "clusterIPs": ["10.96.77.7"]}})
    assert errors == ['spec.clusterIPs[0]: Invalid value: ["10.96.77.7"]: may not change once set']
