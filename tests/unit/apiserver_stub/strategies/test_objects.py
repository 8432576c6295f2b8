"""ConfigMaps, Secrets, Namespaces, Nodes, Leases, Events, Endpoints and EndpointSlices."""

from typing import Any

import pytest

from apiserver_stub.registry import strategies
from apiserver_stub.schema import kinds


def _object(kind: str, version: str = "v1", **body: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **body}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_object("ConfigMap", data={"a.b-c_D": "", ".hidden": ""}), []),
        (_object("ConfigMap", data={"..": ""}), ["data[..]: Invalid value: \"..\": must not be '..'"]),
        (
            _object("ConfigMap", data={"k": ""}, binaryData={"k": ""}),
            ['data[k]: Invalid value: "k": duplicate of key present in binaryData'],
        ),
        (_object("ConfigMap", data={"k": "x" * (1 << 20)}), []),
        (_object("ConfigMap", data={"k": "x" * (1 << 20) + "y"}), [": Too long: may not be more than 1048576 bytes"]),
        (
            _object("Secret", type="kubernetes.io/tls"),
            ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
        ),
        (_object("Secret", type="kubernetes.io/basic-auth", stringData={"username": "u"}), []),
        (
            _object("Secret", type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "{"}),
            ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
        ),
        (
            _object("Secret", type="kubernetes.io/service-account-token"),
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        (
            _object("Node", spec={"taints": [{"key": "k", "effect": "Nope"}]}),
            [
                'metadata.taints[0].effect: Unsupported value: "Nope": supported values: "NoSchedule", '
                '"PreferNoSchedule", "NoExecute"'
            ],
        ),
        (
            _object("Lease", "coordination.k8s.io/v1", spec={"leaseDurationSeconds": 0}),
            ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
        ),
        (
            _object("Event", involvedObject={"namespace": "other"}),
            ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
        ),
        (
            _object("Endpoints", subsets=[{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1}, {"port": 2}]}]),
            ["subsets[0].ports[0].name: Required value", "subsets[0].ports[1].name: Required value"],
        ),
        (
            _object("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv4", endpoints=[{"addresses": ["fd00::1"]}]),
            ['endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address'],
        ),
        (
            _object("EndpointSlice", "discovery.k8s.io/v1", addressType="Pigeon"),
            ['addressType: Unsupported value: "Pigeon": supported values: "FQDN", "IPv4", "IPv6"'],
        ),
    ],
)
def test_errors(writer: Any, body: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(body)[1] == errors


def test_string_data_becomes_data(writer: Any) -> None:
    secret = writer.create(_object("Secret", stringData={"u": "me"}, data={"u": "eA==", "q": "eQ=="}))
    assert (secret["data"], secret["type"]) == ({"u": "bWU=", "q": "eQ=="}, "Opaque")
    assert "stringData" not in secret


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_immutable_objects(writer: Any, kind: str) -> None:
    old = writer.create(_object(kind, data={"k": "dg=="}, immutable=True))
    detail = "field is immutable when `immutable` is set"
    assert writer.update(old, {"data": {"k": "dw=="}})[1] == [f"data: Forbidden: {detail}"]
    assert writer.update(old, {"immutable": False})[1] == [f"immutable: Forbidden: {detail}"]
    assert writer.update(old, {"metadata": {"labels": {"a": "b"}}})[1] == []


def test_type_of_a_secret(writer: Any) -> None:
    old = writer.create(_object("Secret", type="example.com/x"))
    assert writer.update(old, {"type": "Opaque"})[1] == ['type: Invalid value: "Opaque": field is immutable']


def test_namespace(writer: Any) -> None:
    namespace = writer.create(_object("Namespace"))
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert namespace["status"] == {"phase": "Active"}
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    strategy = writer.strategies.for_resource(kinds.builtin().get("", "v1", "namespaces"))
    assert strategy.held(namespace)
    strategy.mark_deleted(namespace)
    assert namespace["status"]["phase"] == "Terminating"
    assert not strategy.held({**namespace, "spec": {}})
    changed, _ = writer.update(namespace, {"spec": {"finalizers": []}})
    assert changed["spec"] == {"finalizers": ["kubernetes"]}


def test_node(writer: Any) -> None:
    node = writer.create(_object("Node", spec={"podCIDR": "10.1.0.0/24"}, status={"capacity": {"cpu": "4000m"}}))
    assert node["spec"]["podCIDRs"] == ["10.1.0.0/24"]
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    assert node["status"]["allocatable"] == {"cpu": "4"}
    change = {"spec": {"podCIDR": "10.2.0.0/24", "podCIDRs": ["10.2.0.0/24"]}}
    detail = 'node updates may not change podCIDR except from "" to valid'
    assert writer.update(node, change)[1] == [f"spec.podCIDRs: Forbidden: {detail}"]


def test_endpoint_slices(writer: Any) -> None:
    body = _object("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv4", ports=[{"port": 80}])
    old = writer.create(body)
    assert old["ports"] == [{"port": 80, "name": "", "protocol": "TCP"}]
    assert old["endpoints"] is None
    assert old["metadata"]["generation"] == 1
    assert writer.update(old, {"ports": [{"port": 81}]})[0]["metadata"]["generation"] == 2
    assert writer.update(old, {"addressType": "IPv6"})[1] == ['addressType: Invalid value: "IPv6": field is immutable']


def test_selectable_fields_of_events(writer: Any) -> None:
    resource, event = writer.decode(_object("Event", involvedObject={"kind": "Pod", "name": "p"}, reason="R"))
    fields = writer.strategies.for_resource(resource).selectable_fields(event)
    assert (fields["involvedObject.name"], fields["reason"], fields["source"]) == ("p", "R", "")


def test_every_resource_has_a_strategy() -> None:
    for resource in kinds.builtin():
        strategy = strategies.for_resource(resource)
        assert strategy.resource is resource
        assert strategies.for_resource(resource) is strategy


def test_warnings(writer: Any) -> None:
    claim = _object("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "500m"}}})
    assert writer.warnings(claim) == [
        'spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer'
    ]
    ingress = _object("Ingress", "networking.k8s.io/v1")
    ingress["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "x"}
    assert writer.warnings(ingress) == [
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    ]
