"""Warnings about a Service: what has no effect, and what is on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.registry import ip
from apiserver_stub.registry.core import service_addresses, service_validation

Object = Mapping[str, Any]

_EXTERNAL: Final = "spec.externalIPs is deprecated and may no longer be implemented in some clusters"


def of(obj: Object, old: Object | None) -> list[str]:
    spec = obj["spec"]
    out = []
    if service_validation.TOPOLOGY_HINTS in (obj["metadata"].get("annotations") or {}):
        hints = service_validation.TOPOLOGY_HINTS
        out.append(f"annotation {hints} is deprecated, please use service.kubernetes.io/topology-mode instead")
    external = spec.get("externalIPs") or []
    if service_addresses.is_headless(spec):
        if spec.get("loadBalancerIP"):
            out.append("spec.loadBalancerIP is ignored for headless services")
        if external:
            out.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity") != "None":
            out.append("spec.SessionAffinity is ignored for headless services")
    else:
        for i, address in enumerate(spec.get("clusterIPs") or ()):
            out += ip.warnings(f"spec.clusterIPs[{i}]", address)
    for i, address in enumerate(external):
        out += ip.warnings(f"spec.externalIPs[{i}]", address)
    if spec.get("loadBalancerIP"):
        out += ip.warnings("spec.loadBalancerIP", spec["loadBalancerIP"])
    for i, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        out += ip.network_warnings(f"spec.loadBalancerSourceRanges[{i}]", text)
    if spec.get("type") == "ExternalName" and external:
        out.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if external and (old is None or old["spec"].get("externalIPs") != external):
        out.append(_EXTERNAL)
    return out
