"""Endpoints of Pods, and slices of Endpoints that users write."""

from __future__ import annotations

from operators._kube.actions import Create, Delete, Patch
from operators.endpointslice import legacy, mirror
from tests.unit.operators.endpointslice.build import Obj, pod, service

PORT = {"name": "http", "port": 8080, "protocol": "TCP"}


def address(name: str, ip: str) -> Obj:
    reference = {"kind": "Pod", "namespace": "ns", "name": name, "uid": f"uid-{name}"}
    return {"ip": ip, "nodeName": "n", "targetRef": reference}


def endpoints(**more: object) -> Obj:
    metadata = {"name": "web", "namespace": "ns", "uid": "e", "resourceVersion": "3", **more}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}


def test_ready_and_unready_pods_stand_in_one_subset():
    pods = [
        pod("b", "10.0.0.2"),
        pod("a", "10.0.0.1"),
        pod("c", "10.0.0.3", ready=False),
        pod("d", "10.0.0.4", deleting=True),
    ]
    (made,) = legacy.actions(service(), pods, None)
    assert isinstance(made, Create)
    assert made.body["metadata"]["labels"] == {"team": "a", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    assert made.body["subsets"] == [
        {
            "addresses": [address("a", "10.0.0.1"), address("b", "10.0.0.2")],
            "notReadyAddresses": [address("c", "10.0.0.3")],
            "ports": [PORT],
        }
    ]
    present = endpoints(labels=made.body["metadata"]["labels"]) | {"subsets": made.body["subsets"]}
    assert legacy.actions(service(), pods, present) == []


def test_ports_that_lead_elsewhere_make_another_subset():
    ports = [{"name": "x", "port": 1, "targetPort": "x"}, {"name": "http", "port": 80, "targetPort": 8080}]
    with_x = pod("a", "10.0.0.1", containers=[{"ports": [{"name": "x", "containerPort": 7}]}])
    (made,) = legacy.actions(service(ports=ports), [with_x, pod("b", "10.0.0.2")], None)
    assert isinstance(made, Create)
    assert [[p["port"] for p in subset["ports"]] for subset in made.body["subsets"]] == [[8080], [7]]
    assert [len(subset["addresses"]) for subset in made.body["subsets"]] == [2, 1]


def test_more_than_a_thousand_addresses_are_cut_and_said_so():
    pods = [pod(f"p{n:04}", f"10.1.{n // 250}.{n % 250}", ready=n >= 5) for n in range(1010)]
    (made,) = legacy.actions(service(), pods, None)
    assert isinstance(made, Create)
    assert made.body["metadata"]["annotations"] == {"endpoints.kubernetes.io/over-capacity": "truncated"}
    (subset,) = made.body["subsets"]
    assert (len(subset["addresses"]), "notReadyAddresses" in subset) == (1000, False)


def test_endpoints_without_their_service_go_unless_a_leader_holds_them():
    (gone,) = legacy.without_service(endpoints())
    assert isinstance(gone, Delete)
    assert legacy.without_service(endpoints(annotations={"control-plane.alpha.kubernetes.io/leader": "{}"})) == []


def test_users_endpoints_are_mirrored():
    own = service(selector=None)
    written = endpoints(labels={"l": "1"}, annotations={"a": "b"}) | {
        "subsets": [{"addresses": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}], "ports": [{"port": 80}]}]
    }
    found = mirror.actions(written, own, [])
    assert [(a.body["addressType"], a.body["endpoints"]) for a in found if isinstance(a, Create)] == [
        ("IPv4", [{"addresses": ["192.0.2.1"], "conditions": {"ready": True}}]),
        ("IPv6", [{"addresses": ["2001:db8::1"], "conditions": {"ready": True}}]),
    ]
    first = found[0]
    assert isinstance(first, Create)
    assert first.body["metadata"]["annotations"] == {"a": "b"}
    assert first.body["metadata"]["labels"] == {
        "l": "1",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    assert mirror.actions(written, service(), []) == []
    skipped = endpoints(labels={"endpointslice.kubernetes.io/skip-mirror": "true"}) | {"subsets": written["subsets"]}
    assert mirror.actions(skipped, own, []) == []


def test_mirrors_follow_and_go():
    mirrored = {
        "metadata": {"name": "m", "namespace": "ns", "uid": "m", "labels": {}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.9"], "conditions": {"ready": True}}],
        "ports": [{"name": "", "protocol": "TCP", "port": 80}],
    }
    written = endpoints() | {"subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]}
    (change,) = mirror.actions(written, service(selector=None), [mirrored])
    assert isinstance(change, Patch)
    assert change.body["endpoints"][0]["addresses"] == ["192.0.2.1"]
    (gone,) = mirror.actions(None, None, [mirrored])
    assert isinstance(gone, Delete)
