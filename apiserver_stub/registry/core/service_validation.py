"""Validation of a Service, in upstream's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.core import endpoints
from apiserver_stub.registry.podspec import golang, handlers

Object = Mapping[str, Any]

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_LB_ONLY: Final = "may only be used when `type` is 'LoadBalancer'"


def validate(obj: Object) -> list[FieldError]:
    spec = obj["spec"]
    ports, kind = spec.get("ports") or (), spec.get("type", "")
    headless = spec.get("clusterIP") == "None"
    out = []
    if not ports and not headless and kind != "ExternalName":
        out.append(field.required("spec.ports"))
    if kind == "LoadBalancer" and headless:
        out.append(field.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services"))
    if kind == "NodePort" and headless:
        out.append(field.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services"))
    if kind == "ExternalName":
        out += _external_name(spec)
    out += _ports(ports)
    out += formats.any_label("spec.selector", spec.get("selector"))
    out += _affinity(spec)
    if kind != "ExternalName":
        out += _addresses(spec)
    out += _external_ips(spec.get("externalIPs") or ())
    out += formats.one_of("spec.type", kind, _TYPES)
    out += _node_ports(ports, kind) + _same_ports(ports)
    out += _load_balancer(spec) + _external_traffic(spec)
    policy = spec.get("internalTrafficPolicy")
    if policy is not None and policy not in ("Cluster", "Local"):
        out.append(field.not_supported("spec.internalTrafficPolicy", policy, ("Cluster", "Local")))
    return out


def _external_name(spec: Object) -> list[FieldError]:
    out = []
    for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(name):
            out.append(field.forbidden(f"spec.{name}", "may not be set for ExternalName services"))
    name = spec.get("externalName", "")
    if not name:
        return [*out, field.required("spec.externalName")]
    return out + formats.faults("spec.externalName", name, formats.subdomain(name.removesuffix(".")))


def _ports(ports: Sequence[Object]) -> list[FieldError]:
    out = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        here, name = f"spec.ports[{i}]", port.get("name", "")
        if name:
            out += formats.faults(f"{here}.name", name, formats.label(name))
            if name in names:
                out.append(field.duplicate(f"{here}.name", name))
            names.add(name)
        elif len(ports) > 1:
            out.append(field.required(f"{here}.name"))
        number = port.get("port", 0)
        out += formats.faults(f"{here}.port", number, formats.port(number))
        out += formats.one_of(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
        out += handlers.port(port.get("targetPort", 0), f"{here}.targetPort")
        if port.get("appProtocol"):
            out += formats.faults(f"{here}.appProtocol", port["appProtocol"], formats.label_key(port["appProtocol"]))
    return out


def _affinity(spec: Object) -> list[FieldError]:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    out = formats.one_of("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    path = "spec.sessionAffinityConfig"
    if affinity == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        if seconds is None:
            out.append(field.required(path, "when session affinity type is ClientIP"))
        elif not 0 < seconds <= 86400:
            detail = "must be greater than 0 and less than 86400"
            out.append(field.invalid(f"{path}.clientIP.timeoutSeconds", seconds, detail))
    elif affinity == "None" and config is not None:
        out.append(field.forbidden(path, "must not be set when session affinity is None"))
    return out


def _addresses(spec: Object) -> list[FieldError]:
    one, many = spec.get("clusterIP", ""), spec.get("clusterIPs") or []
    out = []
    if many and one != many[0]:
        out.append(field.invalid("spec.clusterIP", many, "first value of `clusterIPs` must be the same as `clusterIP`"))
    for i, address in enumerate(many):
        if address == "None":
            if i > 0 or len(many) > 1:
                out.append(field.invalid(f"spec.clusterIPs[{i}]", address, "'None' must be the first and only value"))
        else:
            out += formats.faults(f"spec.clusterIPs[{i}]", address, formats.address(address))
    if len(many) > 2:
        out.append(field.invalid("spec.clusterIPs", many, "may only hold up to 2 values"))
    families = spec.get("ipFamilies") or []
    # Headless and without a selector: whoever makes the endpoints knows the families.
    unbound = one == "None" and not spec.get("selector")
    for i, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            out.append(field.not_supported(f"spec.ipFamilies[{i}]", family, ("IPv4", "IPv6")))
        elif family == "IPv6" and not unbound:
            out.append(field.invalid(f"spec.ipFamilies[{i}]", family, "not configured on this cluster"))
    policy = spec.get("ipFamilyPolicy")
    policies = ("SingleStack", "PreferDualStack", "RequireDualStack")
    if policy is not None and policy not in policies:
        out.append(field.not_supported("spec.ipFamilyPolicy", policy, policies))
    elif policy == "RequireDualStack" and not unbound:
        detail = "this cluster is not configured for dual-stack services"
        out.append(field.invalid("spec.ipFamilyPolicy", policy, detail))
    return out


def _external_ips(addresses: Sequence[str]) -> list[FieldError]:
    out = []
    for i, address in enumerate(addresses):
        path = f"spec.externalIPs[{i}]"
        found = formats.faults(path, address, formats.address(address))
        out += found or endpoints.reachable(address, path)
    return out


def _node_ports(ports: Sequence[Object], kind: str) -> list[FieldError]:
    out = []
    seen: set[tuple[int, str]] = set()
    for i, port in enumerate(ports):
        number = port.get("nodePort")
        if not number:
            continue
        path = f"spec.ports[{i}].nodePort"
        if kind == "ClusterIP":
            out.append(field.forbidden(path, "may not be used when `type` is 'ClusterIP'"))
        identity = (number, port.get("protocol", ""))
        if identity in seen:
            out.append(field.duplicate(path, number))
        seen.add(identity)
    return out


def _same_ports(ports: Sequence[Object]) -> list[FieldError]:
    out = []
    seen: set[tuple[int, str]] = set()
    for i, port in enumerate(ports):
        identity = (port.get("port", 0), port.get("protocol", ""))
        if identity in seen:
            shown = golang.struct("ServicePort", {"protocol": identity[1], "port": identity[0]})
            out.append(field.duplicate(f"spec.ports[{i}]", shown))
        seen.add(identity)
    return out


def _load_balancer(spec: Object) -> list[FieldError]:
    balanced = spec.get("type") == "LoadBalancer"
    out = []
    ranges = spec.get("loadBalancerSourceRanges") or ()
    if ranges and not balanced:
        out.append(field.forbidden("spec.LoadBalancerSourceRanges", _LB_ONLY))
    elif balanced:
        for i, text in enumerate(ranges):
            out += formats.faults(f"spec.LoadBalancerSourceRanges[{i}]", text, formats.network(text.strip()))
    for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if spec.get(name) is not None and not balanced:
            out.append(field.forbidden(f"spec.{name}", _LB_ONLY))
    if balanced and spec.get("loadBalancerClass"):
        text = spec["loadBalancerClass"]
        out += formats.faults("spec.loadBalancerClass", text, formats.label_key(text))
    return out


def _external_traffic(spec: Object) -> list[FieldError]:
    kind, policy = spec.get("type"), spec.get("externalTrafficPolicy")
    accessible = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    path = "spec.externalTrafficPolicy"
    out = []
    if not accessible:
        if policy:
            detail = "may only be set for externally-accessible services"
            out.append(field.invalid(path, policy, detail))
    else:
        out += formats.one_of(path, policy, ("Cluster", "Local"))
    health = spec.get("healthCheckNodePort") or 0
    path = "spec.healthCheckNodePort"
    if health < 0:
        out.append(field.invalid(path, health, formats.NOT_NEGATIVE))
    elif health and not (kind == "LoadBalancer" and policy == "Local"):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        out.append(field.invalid(path, health, detail))
    return out
