"""Endpoints that users write themselves, as slices (pure). See the Kubernetes page "EndpointSlices", "Mirroring"."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from operators._kube import meta
from operators._kube.actions import Action, Delete
from operators._kube.meta import Object
from operators.endpointslice import legacy, members, plan, slices
from operators.endpointslice.slices import Group, Head

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED = ("endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration")
MOST = 1000


def is_mirrored(endpoints: Object | None, service: Object | None) -> bool:
    """Whether these Endpoints belong to a Service without a selector, and nobody asks to leave them alone."""
    if endpoints is None or service is None or members.has_selector(service) or meta.is_deleting(endpoints):
        return False
    labels = meta.labels_of(endpoints)
    if labels.get(SKIP) == "true" or legacy.MANAGED_BY in labels:
        return False
    return _LEADER not in meta.annotations_of(endpoints)


def actions(endpoints: Object | None, service: Object | None, present: Sequence[Object]) -> list[Action]:
    """`present`: the slices that mirror these Endpoints."""
    if endpoints is None or not is_mirrored(endpoints, service):
        return [_delete(old) for old in present]
    copied = {name: value for name, value in meta.labels_of(endpoints).items() if name not in (plan.MANAGED_BY,)}
    labels = {**copied, plan.SERVICE: meta.name_of(endpoints), plan.MANAGED_BY: MANAGER}
    annotations = {n: value for n, value in meta.annotations_of(endpoints).items() if n not in _NOT_COPIED}
    found: list[Action] = []
    for family in members.FAMILIES:
        ours = [old for old in present if old.get("addressType") == family]
        groups = _groups(endpoints, family)
        if groups:
            found += slices.plan(Head(endpoints, family, labels, annotations), groups, ours)
        else:
            found += [_delete(old) for old in ours]
    return found


def _groups(endpoints: Object, family: str) -> list[Group]:
    groups, left = [], MOST
    for subset in endpoints.get("subsets") or ():
        entries = [
            _endpoint(address, is_ready=kind == "addresses")
            for kind in ("addresses", "notReadyAddresses")
            for address in subset.get(kind) or ()
            if ipaddress.ip_address(address["ip"]).version == members.FAMILIES[family]
        ][:left]
        left -= len(entries)
        ports = tuple({"name": "", "protocol": "TCP", **port} for port in subset.get("ports") or ())
        if entries:
            groups.append(Group(ports, tuple(entries)))
    return groups


def _endpoint(address: Object, *, is_ready: bool) -> Object:
    copied = {name: address[name] for name in ("hostname", "nodeName", "targetRef") if address.get(name)}
    return {"addresses": [address["ip"]], "conditions": {"ready": is_ready}, **copied}


def _delete(old: Object) -> Delete:
    return Delete(
        "discovery.k8s.io/v1", "endpointslices", meta.namespace_of(old), meta.name_of(old), uid=meta.uid_of(old)
    )
