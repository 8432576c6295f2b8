"""Cells of Services, endpoints, ingresses, network policies and addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNSET


def service(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    addresses = spec.get("clusterIPs") or ()
    return [
        _name(obj),
        spec.get("type") or "",
        addresses[0] if addresses else spec.get("clusterIP") or NONE,
        _external_address(obj, spec),
        ",".join(map(_port, spec.get("ports") or ())) or NONE,
        cells.age(obj, now),
        cells.labels(spec.get("selector")),
    ]


def _external_address(obj: JSON, spec: JSON) -> str:
    kind, external = spec.get("type"), list(spec.get("externalIPs") or ())
    if kind == "ExternalName":
        return str(spec.get("externalName") or "")
    if kind == "LoadBalancer":
        reported = cells.load_balancer(obj)
        return ",".join(([reported] if reported else []) + external) or "<pending>"
    return ",".join(external) or NONE


def _port(port: JSON) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node_port}/{port.get('protocol') or 'TCP'}"


def endpoints(obj: JSON, now: dt.datetime) -> list[Any]:
    subsets = obj.get("subsets") or ()
    shown = cells.shortened(_subset_addresses(subsets)) if subsets else NONE
    return [_name(obj), shown, cells.age(obj, now)]


def _subset_addresses(subsets: Any) -> Iterator[str]:
    for subset in subsets:
        addresses = [address.get("ip") or "" for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        if not ports:
            yield from addresses
        for port in ports:
            yield from (_joined(address, port.get("port")) for address in addresses)


def _joined(address: str, port: Any) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def endpoint_slice(obj: JSON, now: dt.datetime) -> list[Any]:
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    addresses = [a for endpoint in obj.get("endpoints") or () for a in endpoint.get("addresses") or ()]
    return [
        _name(obj),
        obj.get("addressType") or "",
        cells.shortened(ports) or UNSET,
        cells.shortened(addresses) or UNSET,
        cells.age(obj, now),
    ]


def ingress(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    return [
        _name(obj),
        spec.get("ingressClassName") or NONE,
        _hosts(spec.get("rules") or ()),
        cells.load_balancer(obj),
        "80, 443" if spec.get("tls") else "80",
        cells.age(obj, now),
    ]


def _hosts(rules: Any) -> str:
    """Upstream stops reading rules once three hosts are listed, and counts rules, not hosts."""
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == 3:
            return f"{','.join(hosts)} + {len(rules) - 3} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


def ingress_class(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    parameters = spec.get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters.get('kind')}{group}/{parameters.get('name')}"
    return [_name(obj), spec.get("controller") or "", shown, cells.age(obj, now)]


def network_policy(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), cells.selector(cells.part(obj, "spec").get("podSelector")), cells.age(obj, now)]


def ip_address(obj: JSON, now: dt.datetime) -> list[Any]:
    parent = cells.part(obj, "spec").get("parentRef")
    shown = NONE
    if parent:
        group = f".{parent['group']}" if parent.get("group") else ""
        words = [f"{parent.get('resource')}{group}", parent.get("namespace"), parent.get("name")]
        shown = "/".join(word for word in words if word)
    return [_name(obj), shown]


def service_cidr(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), ",".join(cells.part(obj, "spec").get("cidrs") or ()), cells.age(obj, now)]


def _name(obj: JSON) -> str:
    return cells.text(obj, "metadata", "name")
