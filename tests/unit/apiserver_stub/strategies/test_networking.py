"""Ingresses and their classes, network policies, IPAddresses, ServiceCIDRs."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

_CLASS = "kubernetes.io/ingress.class"
_BACKEND = {"service": {"name": "s", "port": {"number": 80}}}


def _obj(kind: str, spec: dict[str, Any], name: str = "x", **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": kind, "metadata": {"name": name, **meta}, "spec": spec}


def _ingress(**spec: Any) -> dict[str, Any]:
    return _obj("Ingress", {"defaultBackend": _BACKEND, **spec})


def _path(backend: dict[str, Any], path: str = "/", kind: str | None = "Exact") -> dict[str, Any]:
    item = {"path": path, "backend": backend, **({"pathType": kind} if kind is not None else {})}
    return _ingress(rules=[{"http": {"paths": [item]}}])


_HERE = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_ingress(rules=[{"http": {"paths": []}}]), ["spec.rules[0].http.paths: Required value"]),
        (_path(_BACKEND, kind=None), [f"{_HERE}.pathType: Required value: pathType must be specified"]),
        (_path(_BACKEND, kind=""), [f'{_HERE}.pathType: Unsupported value: "": supported values: "Exact", "ImplementationSpecific", "Prefix"']),
        (_path(_BACKEND, "", "ImplementationSpecific"), []),
        (_path(_BACKEND, ""), [f'{_HERE}.path: Invalid value: "": must be an absolute path']),
        (_path(_BACKEND, "/a%2Fb/.."), [f"{_HERE}.path: Invalid value: \"/a%2Fb/..\": must not contain '%2F'", f"{_HERE}.path: Invalid value: \"/a%2Fb/..\": cannot end with '/..'"]),
        (_path({"service": {"name": "1st", "port": {"name": "Web_"}}}), [f'{_HERE}.backend.service.port.name: Invalid value: "Web_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
        (_path({"service": {"name": "a.b", "port": {"number": 99999}}}), [f'{_HERE}.backend.service.name: Invalid value: "a.b": must not contain dots', f"{_HERE}.backend.service.port.number: Invalid value: 99999: must be between 1 and 65535, inclusive"]),
        (_path({"resource": {"kind": "", "name": "a/b"}}), [f"{_HERE}.backend.resource.kind: Required value", f"{_HERE}.backend.resource.name: Invalid value: \"a/b\": may not contain '/'"]),
        (_ingress(tls=[{"hosts": ["*.a.b"], "secretName": "."}]), ["spec.tls[0].secretName: Invalid value: \".\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]),
    ],
)  # fmt: skip
def test_ingress_mistakes(writer: Any, body: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(body)[1] == errors


def test_secret_names_that_were_wrong_may_stay(writer: Any) -> None:
    old = writer.try_create(_ingress(tls=[{"secretName": "Bad_"}]))[0]
    assert writer.update(old, {"spec": {"ingressClassName": "x"}})[1] == []


def test_default_ingress_class(writer: Any) -> None:
    for name, made, default in (("a", "1", "true"), ("b", "2", "true"), ("c", "2", "true"), ("d", "3", "false")):
        annotations = {"ingressclass.kubernetes.io/is-default-class": default}
        meta = {"name": name, "creationTimestamp": f"2026-01-0{made}T00:00:00Z", "annotations": annotations}
        writer.view.put("networking.k8s.io", "ingressclasses", {"metadata": meta})
    assert writer.create(_ingress())["spec"]["ingressClassName"] == "b"
    assert writer.create(_ingress(ingressClassName="own"))["spec"]["ingressClassName"] == "own"
    annotated = _obj("Ingress", {"defaultBackend": _BACKEND}, annotations={_CLASS: "old"})
    assert "ingressClassName" not in writer.create(annotated)["spec"]


def test_status_of_an_ingress(writer: Any) -> None:
    old = writer.create(_ingress())
    for item, errors in (
        ({"ip": "010.0.0.1"}, ['status.loadBalancer.ingress[0].ip: Invalid value: "010.0.0.1": must not have leading 0s']),
        ({"ip": "::ffff:1.2.3.4"}, ['status.loadBalancer.ingress[0].ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address']),
        ({"ip": "1.2.3.4", "hostname": "a.b"}, []),
    ):  # fmt: skip
        assert writer.update_status(old, {"status": {"loadBalancer": {"ingress": [item]}}})[1] == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"controller": "example.com/a", "parameters": {"kind": "K", "name": "n"}}, []),
        ({}, ["spec.controller: Required value"]),
        ({"controller": "plain"}, ['spec.controller: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")']),
        ({"controller": "a.b/c?d"}, ["spec.controller: Invalid value: \"c?d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"]),
        ({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Namespace"}}, ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]),
        ({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "namespace": "n"}}, ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]),
        ({"controller": "a.b/c", "parameters": {"kind": "", "name": "n", "scope": "All"}}, ["spec.parameters.kind: Required value", 'spec.parameters.scope: Unsupported value: "All": supported values: "Cluster", "Namespace"']),
    ],
)  # fmt: skip
def test_ingress_class(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_obj("IngressClass", spec))[1] == errors


def test_controller_of_a_class_never_changes(writer: Any) -> None:
    old = writer.create(_obj("IngressClass", {"controller": "a.b/c"}))
    assert writer.update(old, {"spec": {"controller": "a.b/d"}})[1] == [
        'spec.controller: Invalid value: "a.b/d": field is immutable'
    ]


def test_network_policy_types(writer: Any) -> None:
    for spec, types in (
        ({}, ["Ingress"]),
        ({"egress": [{}]}, ["Ingress", "Egress"]),
        ({"policyTypes": ["Egress"]}, ["Egress"]),
    ):
        assert writer.create(_obj("NetworkPolicy", spec))["spec"]["policyTypes"] == types


@pytest.mark.parametrize(
    ("block", "errors"),
    [
        ({"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}, []),
        ({"cidr": ""}, ["cidr: Required value"]),
        ({"cidr": "10.0.0.1/8"}, ['cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length']),
        ({"cidr": "10.0.0.0/08"}, ['cidr: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length']),
        ({"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}, ['except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`']),
        ({"cidr": "10.0.0.0/8", "except": ["fd00::/64"]}, ['except[0]: Invalid value: "fd00::/64": must be a strict subset of `cidr`']),
    ],
)  # fmt: skip
def test_network_policy_blocks(writer: Any, block: dict[str, Any], errors: list[str]) -> None:
    body = _obj("NetworkPolicy", {"egress": [{"to": [{"ipBlock": block}]}]})
    assert writer.try_create(body)[1] == [f"spec.egress[0].to[0].ipBlock.{error}" for error in errors]


def test_ranges_that_were_there_may_stay_and_are_warned_about(writer: Any) -> None:
    spec = {"egress": [{"to": [{"ipBlock": {"cidr": "FD00::/64"}}, {"ipBlock": {"cidr": "10.0.0.1/8"}}]}]}
    old = writer.try_create(_obj("NetworkPolicy", spec))[0]
    assert writer.update(old, {"spec": {"podSelector": {"matchLabels": {"a": "b"}}}})[1] == []
    assert writer.warnings(_obj("NetworkPolicy", spec)) == [
        'spec.egress[0].to[0].ipBlock.cidr: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
        'spec.egress[0].to[1].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ]


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("10.0.0.1", []),
        ("10.0.0.01", ['metadata.name: Invalid value: "10.0.0.01": must not have leading 0s']),
        ("FD00::1", ['metadata.name: Invalid value: "FD00::1": must be in canonical form ("fd00::1")']),
    ],
)
def test_ip_address_names(writer: Any, name: str, errors: list[str]) -> None:
    assert writer.try_create(_obj("IPAddress", {"parentRef": {"resource": "services", "name": "x"}}, name))[1] == errors


def test_parent_of_an_ip_address_never_changes(writer: Any) -> None:
    old = writer.create(
        _obj("IPAddress", {"parentRef": {"resource": "services", "namespace": "n", "name": "x"}}, "10.0.0.1")
    )
    assert writer.update(old, {"spec": {"parentRef": {"name": "y"}}})[1] == [
        'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"n","Name":"y"}: field is immutable'
    ]


@pytest.mark.parametrize(
    ("cidrs", "errors"),
    [
        (["10.0.0.0/24", "fd00::/64"], []),
        ([], ["spec.cidrs: Required value: at least one CIDR required"]),
        (["10.0.0.0/24", "10.1.0.0/24"], ['spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64']),
        (["FD00::/64"], ['spec.cidrs[0]: Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")']),
    ],
)  # fmt: skip
def test_service_cidr(writer: Any, cidrs: list[str], errors: list[str]) -> None:
    assert writer.try_create(_obj("ServiceCIDR", {"cidrs": cidrs}))[1] == errors


@pytest.mark.parametrize(
    ("before", "now", "errors"),
    [
        (["10.0.0.0/24"], ["10.0.0.0/24", "fd00::/64"], []),
        (["10.0.0.0/24"], ["10.1.0.0/24"], ['spec.cidrs[0]: Invalid value: "10.1.0.0/24": field is immutable']),
        (
            ["10.0.0.0/24", "fd00::/64"],
            ["10.0.0.0/24"],
            ['spec.cidrs: Invalid value: ["10.0.0.0/24"]: field is immutable'],
        ),
    ],
)
def test_service_cidr_changes(writer: Any, before: list[str], now: list[str], errors: list[str]) -> None:
    old = writer.create(_obj("ServiceCIDR", {"cidrs": before}))
    assert writer.update(old, {"spec": {"cidrs": now}})[1] == errors
