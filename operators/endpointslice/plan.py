"""EndpointSlice: the slices that a Service with a selector has (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from operators._kube import meta
from operators._kube.actions import Action, Delete
from operators._kube.meta import Object
from operators.endpointslice import members, slices
from operators.endpointslice.slices import Group, Head

SERVICE = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"
_RESERVED = (SERVICE, MANAGED_BY, HEADLESS)


def actions(
    service: Object, pods: Sequence[Object], present: Sequence[Object], nodes: Mapping[str, Object]
) -> list[Action]:
    """`pods`: those that the Service selects; `present`: its slices that are ours; `nodes` by name."""
    found: list[Action] = []
    families = members.families(service)
    for family in families:
        head = Head(service, family, labels(service))
        ours = [old for old in present if old.get("addressType") == family]
        found += slices.plan(head, groups(service, pods, family, nodes), ours)
    strangers = [old for old in present if old.get("addressType") not in families]
    found += [
        Delete("discovery.k8s.io/v1", "endpointslices", meta.namespace_of(old), meta.name_of(old), uid=meta.uid_of(old))
        for old in strangers
    ]
    return found


def labels(service: Object) -> dict[str, str]:
    """Those of the Service, and those by which its slices are found."""
    copied = {name: value for name, value in meta.labels_of(service).items() if name not in _RESERVED}
    if members.is_headless(service):
        copied[HEADLESS] = ""
    return {**copied, SERVICE: meta.name_of(service), MANAGED_BY: MANAGER}


def groups(service: Object, pods: Iterable[Object], family: str, nodes: Mapping[str, Object]) -> list[Group]:
    """The Pods as endpoints, together with those that have the same port numbers."""
    by_ports: dict[bytes, tuple[list[Object], list[Object]]] = {}
    for pod in sorted(pods, key=meta.name_of):
        if not members.belongs(pod, with_terminating=True) or not members.addresses(pod, family):
            continue
        ports = members.ports(service, pod)
        if service["spec"].get("ports") and not ports:
            continue  # it has none of the names that the Service leads to
        group = by_ports.setdefault(orjson.dumps(ports), (ports, []))
        group[1].append(members.endpoint(pod, service, family, nodes))
    return [Group(tuple(ports), tuple(endpoints)) for ports, endpoints in by_ports.values()]


def is_ours(slice_: Object, manager: str = MANAGER) -> bool:
    return meta.labels_of(slice_).get(MANAGED_BY) == manager


def service_of(slice_: Object) -> str:
    """The name of the Service that a slice belongs to; "" for none."""
    return meta.labels_of(slice_).get(SERVICE, "")
