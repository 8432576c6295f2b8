"""Services: families, changes of addresses, load balancers, status, warnings, dry runs."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

from apiserver_stub.registry.core import service


def _service(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    meta = {"name": "s", **({"annotations": annotations} if annotations else {})}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta,
        "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}, **spec},
    }


_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_service(clusterIPs=["10.96.0.9"]), ['spec.clusterIPs: Invalid value: ["10.96.0.9"]: must be empty when `clusterIP` is not specified']),
        (_service(clusterIP="10.96.0.9", clusterIPs=["10.96.0.8"]), ['spec.clusterIPs: Invalid value: ["10.96.0.8"]: first value must match `clusterIP`']),
        (_service(clusterIP="None", clusterIPs=["None", "10.96.0.8"]), ["spec.clusterIPs: Invalid value: [\"None\",\"10.96.0.8\"]: 'None' must be the first and only value"]),
        (_service(clusterIP="10.96.0.9", clusterIPs=["10.96.0.9", "10.96.0.8"], ipFamilyPolicy="PreferDualStack"), ['spec.clusterIPs: Invalid value: ["10.96.0.9","10.96.0.8"]: may specify no more than one IP for each IP family']),
        (_service(clusterIP="fd00::1", ipFamilies=["IPv4"]), ['spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`']),
        (_service(clusterIP="fd00::1"), ['spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster']),
        (_service(ipFamilies=["IPv4", "IPv4"]), ['spec.ipFamilies[1]: Duplicate value: "IPv4"']),
        (_service(ipFamilies=["IPv4", "IPv6"]), ["spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"]),
        (_service(ipFamilies=["IPv6"], ipFamilyPolicy="RequireDualStack"), ['spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services', 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']),
        (_service(ipFamilyPolicy="Both"), ['spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"']),
        (_service({_RANGES: "10.0.0.0/8"}), [f"metadata.annotations[{_RANGES}]: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        (_service({_RANGES: "10.0.0.0/8, x"}, type="LoadBalancer"), [f'metadata.annotations[{_RANGES}]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']),
        (_service(trafficDistribution="Near"), ['spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"']),
        (_service(externalIPs=["010.0.0.1"]), ['spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s']),
        (_service({"service.kubernetes.io/topology-mode": "a", "service.kubernetes.io/topology-aware-hints": "b"}), ['metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "a": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified']),
    ],
)  # fmt: skip
def test_mistakes(writer: Any, body: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(body)[1] == errors


@pytest.mark.parametrize(
    ("body", "change", "errors"),
    [
        (_service(clusterIP="10.96.0.9"), {"clusterIP": "10.96.0.8"}, ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set']),
        (_service(), {"ipFamilies": ["IPv6"]}, ['spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set', 'spec.clusterIPs[0]: Invalid value: "10.96.1.0": expected an IPv6 value as indicated by `ipFamilies[0]`']),
        (_service(clusterIP="None"), {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack", "selector": {"c": "d"}}, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']),
        (_service(type="LoadBalancer", loadBalancerClass="a.b/c"), {"loadBalancerClass": "a.b/d"}, ['spec.loadBalancerClass: Invalid value: "a.b/d": may not change once set']),
        (_service(type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=30100), {"healthCheckNodePort": 30101}, ["spec.healthCheckNodePort: Forbidden: field is immutable"]),
    ],
)  # fmt: skip
def test_changes(writer: Any, body: dict[str, Any], change: dict[str, Any], errors: list[str]) -> None:
    old = writer.create(body)
    found = writer.update(old, {"spec": change})[1]
    assert list(dict.fromkeys(found)) == errors


@pytest.mark.parametrize(
    ("kind", "item", "errors"),
    [
        ("LoadBalancer", {"ip": "1.2.3.4"}, []),
        ("ClusterIP", {"ip": "1.2.3.4"}, ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]),
        ("LoadBalancer", {"hostname": "1.2.3.4", "ipMode": "VIP"}, ["status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set", 'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']),
        ("LoadBalancer", {"ip": "x", "ipMode": "Nat"}, ['status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'status.loadBalancer.ingress[0].ipMode: Unsupported value: "Nat": supported values: "Proxy", "VIP"']),
    ],
)  # fmt: skip
def test_status(writer: Any, kind: str, item: dict[str, Any], errors: list[str]) -> None:
    old = writer.create(_service(type=kind))
    assert writer.update_status(old, {"status": {"loadBalancer": {"ingress": [item]}}})[1] == errors


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        (_service(), []),
        (_service({"service.kubernetes.io/topology-aware-hints": "auto"}), ["annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead"]),
        (_service(clusterIP="None", sessionAffinity="ClientIP"), ["spec.SessionAffinity is ignored for headless services"]),
        (_service(type="LoadBalancer", loadBalancerSourceRanges=["FD00::/64"]), ['spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")']),
    ],
)  # fmt: skip
def test_warnings(writer: Any, body: dict[str, Any], warnings: list[str]) -> None:
    assert writer.warnings(body) == warnings


def test_a_dry_run_is_less_careful(writer: Any) -> None:
    taken = writer.create(_service(clusterIP="10.96.0.9")) | {"metadata": {"namespace": "ns", "name": "other"}}
    writer.view.put("", "services", taken)
    body = _service(
        type="NodePort",
        clusterIP="10.96.0.9",
        ports=[{"name": "a", "port": 1, "nodePort": 80}, {"name": "b", "port": 2}],
    )
    with service.trying(on=True):
        obj, errors = writer.try_create(body)
    assert (errors, [port["nodePort"] for port in obj["spec"]["ports"]]) == ([], [80, 32768])
    assert [error.partition(": ")[0] for error in writer.try_create(body)[1]] == [
        "spec.clusterIPs",
        "spec.ports[0].nodePort",
    ]


@pytest.mark.parametrize(
    ("parent", "taken"),
    [
        ({"resource": "gateways", "group": "x", "name": "g"}, True),
        ({"resource": "services", "namespace": "ns", "name": "gone"}, False),
        ({"resource": "services", "namespace": "ns", "name": "s"}, False),
    ],
)
def test_addresses_that_an_object_keeps(writer: Any, parent: dict[str, str], taken: bool) -> None:
    writer.view.put(
        "networking.k8s.io", "ipaddresses", {"metadata": {"name": "10.96.0.9"}, "spec": {"parentRef": parent}}
    )
    assert bool(writer.try_create(_service(clusterIP="10.96.0.9"))[1]) is taken
