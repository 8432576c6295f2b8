"""Service: packets for Services reach their endpoints, LoadBalancers get addresses."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Iterable, Mapping
from datetime import datetime

from operators._kube import conditions, identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators.service import endpoints, plan, sockets, status
from operators.service.proxy import Proxy
from operators.service.table import Network, parse_address

_POD_NETWORK = "10.244.0.0/22"
#: After a change of the rules, this many times what it took passes before the next, so that flapping Pods on a node
#: with many Services cost a fraction of a core; seconds at most.
_REST, _LONGEST_REST = 4, 1.0
#: Seconds after which a LoadBalancer looks again whether a program of the node has left its port.
_AGAIN = 60


def slim(obj: Object) -> Object:
    """What the cache keeps: of Nodes their addresses, of endpoints what leads to them."""
    metadata = meta.metadata(obj)
    wanted = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "labels")
    kept = {**obj, "metadata": {name: metadata[name] for name in wanted if name in metadata}}
    if obj.get("kind") == "Node":
        return {**kept, "spec": {}, "status": {"addresses": (obj.get("status") or {}).get("addresses") or []}}
    if obj.get("kind") == "EndpointSlice":
        names = ("addresses", "conditions", "nodeName")
        kept["metadata"]["labels"] = {
            name: value
            for name, value in meta.labels_of(obj).items()
            if name in (endpoints.SERVICE, endpoints.HEADLESS, endpoints.OTHER_PROXY)
        }
        kept["endpoints"] = [
            {name: entry[name] for name in names if name in entry} for entry in obj.get("endpoints") or ()
        ]
    return kept


controller = Controller(
    "service", user=identity.account("service-controller"), component="service-controller", keep=slim
)


class Local:
    """What this process knows of the node's rules; `changed`: the loop's time of their last change."""

    def __init__(self) -> None:
        self.proxy = Proxy()
        self.changed = float("-inf")


_local = Local()


def _me() -> Key:
    return Key("", identity.node_name())


def _node(obj: Object, kube: Kube, /) -> Iterable[Key]:
    """All Services are one table: whatever changes, it is the node that is looked at."""
    return [_me()]


@controller.on_startup
async def start(kube: Kube) -> None:
    _local.__init__()  # type: ignore[misc]
    # Rules of Services that were deleted meanwhile must go, though no object tells of them.
    controller.enqueue(_me())


@controller.reconcile(
    "v1",
    "nodes",
    field_selector=lambda: f"metadata.name={identity.node_name()}",
    watches=[Watch("v1/services", keys=_node), Watch("discovery.k8s.io/v1/endpointslices", keys=_node)],
    concurrency=1,
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: the rules first, then what Services say of them."""
    if key != _me():
        return DONE
    loop = asyncio.get_running_loop()
    early = _local.changed + min(_REST * _local.proxy.seconds, _LONGEST_REST) - loop.time()
    if early > 0:
        return Result(requeue_after=early)
    services = kube.list("v1", "services")
    slices = kube.list("discovery.k8s.io/v1", "endpointslices")
    node = _node_of(kube.get_or_none("v1", "nodes", key))
    busy = await asyncio.to_thread(_busy, slices, node) if any(map(status.is_ours, services)) else set()
    given = status.give(services, node, busy)
    table = await asyncio.to_thread(plan.table, services, slices, node, status.addresses(services, given))
    try:
        if await _local.proxy.apply(table, node.addresses):
            _local.changed = loop.time()
    except OSError as error:
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": key.name, "uid": key.name}}
        text = f"The rules for Services could not be changed, the old ones stay in force: {error}"
        await kube.event(about, "Warning", "SyncServiceRulesFailed", text)
        raise
    raise_first(await _report(services, given, kube, now))
    return Result(requeue_after=_AGAIN) if any(found.problem for found in given.values()) else DONE


def _busy(slices: Iterable[Object], node: plan.Node) -> set[status.Socket]:
    """Where programs of the node listen that are not endpoints themselves, as Pods on the node's network are."""
    behind = endpoints.gather(slices)
    own = {
        status.Socket(name.protocol, endpoint.port)
        for name, found in behind.items()
        for endpoint in found
        if endpoint.address in node.addresses and name.service != plan.API_SERVER
    }
    return sockets.listening() - own


async def _report(
    services: Iterable[Object], given: Mapping[Key, status.Given], kube: Kube, now: datetime
) -> list[ApiError]:
    errors = []
    for service in services:
        found = given.get(meta.key_of(service))
        try:
            if await kube.patch_status(service, status.compute(service, found, now)):
                await _tell(service, found, kube)
        except ApiError as error:
            if not error.is_not_found:
                errors.append(error)
    return errors


async def _tell(service: Object, found: status.Given | None, kube: Kube) -> None:
    if found is None:
        return
    if found.problem:
        if not conditions.is_true(conditions.of(service), status.CONDITION):
            text = f"Error syncing load balancer: failed to ensure load balancer: {found.problem}"
            await kube.event(service, "Warning", "SyncLoadBalancerFailed", text)
        return
    await kube.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
    await kube.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")


def _node_of(node: Object | None) -> plan.Node:
    entries = ((node or {}).get("status") or {}).get("addresses") or ()
    texts = [entry.get("address") for entry in entries if entry.get("type") in ("InternalIP", "ExternalIP")]
    found = frozenset(address for address in map(parse_address, texts) if address is not None)
    return plan.Node(identity.node_name(), _pods(), found)


def _pods() -> Network:
    return ipaddress.ip_network(os.environ.get("UKUBE_POD_NETWORK") or _POD_NETWORK)
