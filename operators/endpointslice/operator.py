"""EndpointSlice: which Pods answer for a Service; the same as Endpoints; and mirrors of Endpoints that users write."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import raise_first
from operators._kube.meta import Object
from operators.endpointslice import legacy, members, mirror, plan

controller = Controller("endpointslice", user=identity.account("endpointslice-controller"), keep=members.slim)

_SLICES = ("discovery.k8s.io/v1", "endpointslices")
# The API server answers for itself: nobody selects it.
_API_SERVER = Key("default", "kubernetes")


def of_pod(pod: Object, kube: Kube, /) -> Iterable[Key]:
    """The Services that select a Pod."""
    services = kube.list("v1", "services", meta.namespace_of(pod))
    return [meta.key_of(service) for service in members.services_of(pod, services)]


def of_slice(slice_: Object, kube: Kube, /) -> Iterable[Key]:
    name = plan.service_of(slice_)
    return [Key(meta.namespace_of(slice_), name)] if name else ()


def of_endpoints(endpoints: Object, kube: Kube, /) -> Iterable[Key]:
    return [meta.key_of(endpoints)]


@controller.reconcile(
    "v1",
    "services",
    watches=[
        Watch("v1/pods", keys=of_pod),
        Watch("v1/endpoints", keys=of_endpoints),
        Watch("discovery.k8s.io/v1/endpointslices", keys=of_slice),
        Watch("v1/nodes"),
    ],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: what the Pods are, as slices and as Endpoints; else the mirrors."""
    if key == _API_SERVER:
        return DONE
    service = kube.get_or_none("v1", "services", key)
    endpoints = kube.get_or_none("v1", "endpoints", key)
    if service is None or meta.is_deleting(service):
        return await _ended(key, kube, endpoints)
    if not members.has_selector(service):
        return await _mirrored(key, kube, endpoints, service)
    pods = [pod for pod in kube.list("v1", "pods", key.namespace) if members.selects(service, pod)]
    nodes = {meta.name_of(node): node for node in kube.list("v1", "nodes")}
    present = _slices(key, kube, plan.MANAGER)
    # A slice belongs to its Service; Endpoints, which are found by their name, belong to nobody.
    # Mirrors, made while the Service had no selector, go.
    leftover = mirror.actions(None, None, _slices(key, kube, mirror.MANAGER))
    errors = [
        *await kube.perform(plan.actions(service, pods, present, nodes), owner=service),
        *await kube.perform([*legacy.actions(service, pods, endpoints), *leftover]),
    ]
    if errors:
        text = f"Error updating Endpoint Slices for Service {key.namespace}/{key.name}: {errors[0]}"
        await kube.event(service, "Warning", "FailedToUpdateEndpointSlices", text)
    raise_first(errors)
    return DONE


async def _ended(key: Key, kube: Kube, endpoints: Object | None) -> Result:
    """The Service is gone: the garbage collector takes its slices; Endpoints have no owner and go here."""
    actions = [*mirror.actions(None, None, _slices(key, kube, mirror.MANAGER))]
    if endpoints is not None and legacy.MANAGED_BY in meta.labels_of(endpoints):
        actions += legacy.without_service(endpoints)
    raise_first(await kube.perform(actions))
    return DONE


async def _mirrored(key: Key, kube: Kube, endpoints: Object | None, service: Object) -> Result:
    actions = mirror.actions(endpoints, service, _slices(key, kube, mirror.MANAGER))
    raise_first(await kube.perform(actions, owner=endpoints))
    return DONE


def _slices(key: Key, kube: Kube, manager: str) -> list[Object]:
    selector = {"matchLabels": {plan.SERVICE: key.name, plan.MANAGED_BY: manager}}
    found = kube.list(*_SLICES, key.namespace, selector)
    return [slice_ for slice_ in found if not meta.is_deleting(slice_)]
