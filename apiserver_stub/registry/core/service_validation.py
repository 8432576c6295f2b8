"""Validation of a Service, in upstream's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, ip
from apiserver_stub.registry.core import endpoints, service_addresses
from apiserver_stub.registry.podspec import golang, handlers

Object = Mapping[str, Any]

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_TOPOLOGY_MODE: Final = "service.kubernetes.io/topology-mode"
TOPOLOGY_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
_SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_LB_ONLY: Final = "may only be used when `type` is 'LoadBalancer'"


def validate(obj: Object, old: Object | None = None) -> list[FieldError]:
    """old: the Service that is replaced; addresses that were there before are taken as they are."""
    spec = obj["spec"]
    ports, kind = spec.get("ports") or (), spec.get("type", "")
    before = old["spec"] if old is not None else None
    headless = service_addresses.is_headless(spec)
    out = _topology(obj)
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
        out += service_addresses.validate(spec, before)
    out += _external_ips(spec.get("externalIPs") or (), (before or {}).get("externalIPs") or ())
    out += formats.one_of("spec.type", kind, _TYPES)
    out += _node_ports(ports, kind) + _same_ports(ports)
    return out + _load_balancer(obj, old) + _traffic(spec)


def _topology(obj: Object) -> list[FieldError]:
    mode, hints = _annotation(obj, _TOPOLOGY_MODE), _annotation(obj, TOPOLOGY_HINTS)
    if mode is None or hints is None or mode == hints:
        return []
    detail = f"must match annotations[{TOPOLOGY_HINTS}] when both are specified"
    return [field.invalid(f"metadata.annotations[{_TOPOLOGY_MODE}]", mode, detail)]


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


def _external_ips(addresses: Sequence[str], known: Sequence[str]) -> list[FieldError]:
    out = []
    for i, address in enumerate(addresses):
        path = f"spec.externalIPs[{i}]"
        found = [] if address in known else formats.faults(path, address, formats.address(address))
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


def _load_balancer(obj: Object, old: Object | None) -> list[FieldError]:
    spec, before = obj["spec"], (old or {}).get("spec") or {}
    balanced = spec.get("type") == "LoadBalancer"
    out = _source_ranges(obj, old)
    name = "allocateLoadBalancerNodePorts"
    if spec.get(name) is not None and not balanced:
        out.append(field.forbidden(f"spec.{name}", _LB_ONLY))
    if balanced and spec.get(name) is None:
        # The path is upstream's.
        out.append(field.required(name))
    return out + balancer_class(spec, before)


def _source_ranges(obj: Object, old: Object | None) -> list[FieldError]:
    """Of the field, or of the annotation that came before it."""
    spec, before = obj["spec"], (old or {}).get("spec") or {}
    out = []
    ranges, path = spec.get("loadBalancerSourceRanges") or (), "spec.LoadBalancerSourceRanges"
    text = _annotation(obj, _SOURCE_RANGES)
    if not ranges and text is None:
        return []
    if not ranges:
        path = f"metadata.annotations[{_SOURCE_RANGES}]"
    if spec.get("type") != "LoadBalancer":
        out.append(field.forbidden(path, _LB_ONLY))
    known = {item.strip() for item in before.get("loadBalancerSourceRanges") or ()}
    for i, item in enumerate(ranges):
        found = [] if item.strip() in known else formats.network(item.strip())
        out += formats.faults(f"{path}[{i}]", item.strip(), found)
    if not ranges and text and text.strip() and (old is None or _annotation(old, _SOURCE_RANGES) != text):
        for item in text.strip().split(","):
            out += formats.faults(path, item.strip(), formats.network(item.strip()))
    return out


def _annotation(obj: Object, name: str) -> str | None:
    found: str | None = ((obj.get("metadata") or {}).get("annotations") or {}).get(name)
    return found


def balancer_class(spec: Object, old: Object) -> list[FieldError]:
    path, text = "spec.loadBalancerClass", spec.get("loadBalancerClass")
    if spec.get("type") != "LoadBalancer":
        return [] if text is None else [field.forbidden(path, _LB_ONLY)]
    out = []
    if old.get("type") == "LoadBalancer" and old.get("loadBalancerClass") != text:
        out.append(field.invalid(path, text, "may not change once set"))
    return out if text is None else out + formats.faults(path, text, formats.label_key(text))


def _traffic(spec: Object) -> list[FieldError]:
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
    health, path = spec.get("healthCheckNodePort") or 0, "spec.healthCheckNodePort"
    if health and not needs_health_check(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        out.append(field.invalid(path, health, detail))
    elif health:
        out += formats.faults(path, health, formats.port(health))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in ("Cluster", "Local"):
        out.append(field.not_supported("spec.internalTrafficPolicy", internal, ("Cluster", "Local")))
    spread = spec.get("trafficDistribution")
    if spread is not None and spread not in _DISTRIBUTIONS:
        out.append(field.not_supported("spec.trafficDistribution", spread, _DISTRIBUTIONS))
    return out


def needs_health_check(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def validate_update(obj: Object, old: Object) -> list[FieldError]:
    """Everything but what happens to addresses."""
    spec, before = obj["spec"], old["spec"]
    out = []
    same = spec.get("healthCheckNodePort") == before.get("healthCheckNodePort")
    if needs_health_check(spec) and needs_health_check(before) and not same:
        out.append(field.forbidden("spec.healthCheckNodePort", "field is immutable"))
    return out + validate(obj, old)


def validate_status(obj: Object, old: Object) -> list[FieldError]:
    path = "status.loadBalancer.ingress"
    items, known = _reported(obj), {item.get("ip") for item in _reported(old)}
    if items and obj["spec"].get("type") != "LoadBalancer":
        return [field.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    out = []
    for i, item in enumerate(items):
        out += _balancer(item, f"{path}[{i}]", known)
    return out


def _reported(obj: Object) -> Sequence[Object]:
    found: Sequence[Object] = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return found


def _balancer(item: Object, path: str, known: set[Any]) -> list[FieldError]:
    address, mode, name = item.get("ip") or "", item.get("ipMode"), item.get("hostname") or ""
    out = []
    if address and address not in known:
        out += formats.faults(f"{path}.ip", address, formats.address(address))
    if mode is None:
        if address:
            out.append(field.required(f"{path}.ipMode", "must be specified when `ip` is set"))
    elif not address:
        out.append(field.forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
    elif mode not in ("Proxy", "VIP"):
        out.append(field.not_supported(f"{path}.ipMode", mode, ("Proxy", "VIP")))
    if name:
        out += formats.faults(f"{path}.hostname", name, formats.subdomain(name))
        if ip.is_address(name):
            out.append(field.invalid(f"{path}.hostname", name, "must be a DNS name, not an IP address"))
    return out
