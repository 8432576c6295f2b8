"""Endpoints: the older form of the same, one object for each Service (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from operators._kube import meta
from operators._kube.actions import Action, Create, Delete, Patch
from operators._kube.meta import Object
from operators.endpointslice import members

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
_HEADLESS = "service.kubernetes.io/headless"
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
MOST = 1000
_API, _RESOURCE = "v1", "endpoints"


def actions(service: Object, pods: Sequence[Object], present: Object | None) -> list[Action]:
    """The write that makes the Service's Endpoints say what its Pods are; none when it does."""
    subsets, is_cut = shortened(repacked(_entries(service, pods)))
    labels = _labels(service)
    if present is None:
        annotations = {"annotations": {_OVER_CAPACITY: "truncated"}} if is_cut else {}
        named = {"name": meta.name_of(service), "namespace": meta.namespace_of(service), "labels": labels}
        body = {"apiVersion": _API, "kind": "Endpoints", "metadata": named | annotations, "subsets": subsets}
        return [Create(_API, _RESOURCE, body)]
    metadata: Object = {}
    old = meta.labels_of(present)
    if difference := {name: labels.get(name) for name in {*old, *labels} if old.get(name) != labels.get(name)}:
        metadata["labels"] = difference
    if (meta.annotations_of(present).get(_OVER_CAPACITY) == "truncated") != is_cut:
        metadata["annotations"] = {_OVER_CAPACITY: "truncated" if is_cut else None}
    if not metadata and (present.get("subsets") or []) == subsets:
        return []
    guard = {"uid": meta.uid_of(present), "resourceVersion": present["metadata"].get("resourceVersion")}
    change: Object = {"metadata": {**metadata, **guard}, "subsets": subsets or None}
    return [Patch(_API, _RESOURCE, meta.namespace_of(present), meta.name_of(present), change)]


def without_service(present: Object) -> list[Action]:
    """What becomes of Endpoints whose Service is gone: they go too, unless somebody elects a leader by them."""
    if _LEADER in meta.annotations_of(present):
        return []
    return [Delete(_API, _RESOURCE, meta.namespace_of(present), meta.name_of(present), uid=meta.uid_of(present))]


Entry = tuple[Object | None, Object, bool]
"""A port (None: of a headless Service without ports), an address, and whether it is ready."""


def _entries(service: Object, pods: Iterable[Object]) -> Iterable[Entry]:
    tolerant = bool(service["spec"].get("publishNotReadyAddresses"))
    family = members.families(service)[0]
    for pod in pods:
        if not members.belongs(pod, with_terminating=tolerant) or not (found := members.addresses(pod, family)):
            continue
        address: Object = {"ip": found[0]}
        if node := pod["spec"].get("nodeName"):
            address["nodeName"] = node
        if name := members.hostname(pod, service):
            address["hostname"] = name
        address["targetRef"] = members.target_ref(pod)
        is_ready = tolerant or members.is_ready(pod)
        if not service["spec"].get("ports") and members.is_headless(service):
            yield None, address, is_ready
        for port in members.ports(service, pod):
            yield {name: value for name, value in port.items() if value != ""}, address, is_ready


def repacked(entries: Iterable[Entry]) -> list[Object]:
    """Subsets in canonical form: ports with the very same addresses stand together, everything is sorted."""
    by_port: dict[bytes, tuple[Object | None, dict[bytes, tuple[Object, bool]]]] = {}
    for port, address, is_ready in entries:
        where = by_port.setdefault(_dump(port), (port, {}))[1]
        known = where.get(_dump(address))
        where[_dump(address)] = (address, is_ready or (known is not None and known[1]))
    by_addresses: dict[tuple[tuple[bytes, bool], ...], tuple[list[Object], list[tuple[Object, bool]]]] = {}
    for port, where in by_port.values():
        key = tuple(sorted((name, is_ready) for name, (_, is_ready) in where.items()))
        ports, _ = by_addresses.setdefault(key, ([], list(where.values())))
        if port is not None:
            ports.append(port)
    return [_subset(ports, entries) for ports, entries in sorted(by_addresses.values(), key=_dump_ports)]


def shortened(subsets: list[Object]) -> tuple[list[Object], bool]:
    """At most a thousand addresses, ready ones first; and whether that left some out."""
    left, is_cut = MOST, False
    for kind in ("addresses", "notReadyAddresses"):
        for subset in subsets:
            if len(subset.get(kind) or ()) > left:
                subset[kind], is_cut = subset[kind][:left], True
            left -= len(subset.get(kind) or ())
    kept = [{name: value for name, value in subset.items() if value} for subset in subsets]
    return [subset for subset in kept if "addresses" in subset or "notReadyAddresses" in subset], is_cut


def _subset(ports: list[Object], entries: list[tuple[Object, bool]]) -> Object:
    ordered = sorted(entries, key=lambda entry: (entry[0]["ip"], (entry[0].get("targetRef") or {}).get("uid", "")))
    subset: Object = {
        "addresses": [address for address, is_ready in ordered if is_ready],
        "notReadyAddresses": [address for address, is_ready in ordered if not is_ready],
        "ports": sorted(ports, key=_dump),
    }
    return {name: value for name, value in subset.items() if value}


def _labels(service: Object) -> dict[str, str]:
    copied = {name: value for name, value in meta.labels_of(service).items() if name not in (MANAGED_BY, _HEADLESS)}
    if members.is_headless(service):
        copied[_HEADLESS] = ""
    return {**copied, MANAGED_BY: MANAGER}


def _dump_ports(found: tuple[list[Object], list[tuple[Object, bool]]]) -> bytes:
    return b"\n".join(sorted(map(_dump, found[0])))


def _dump(value: Object | None) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
