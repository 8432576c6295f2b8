"""Node: register this machine, report its state, renew its Lease."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._node.logind import Logind
from operators._node.podman import Podman
from operators._node.ports import PodmanError
from operators._node.stall import MemoryStall
from operators.node import lease, machine, news, plan, status, strain
from operators.node.facts import Image, Pressure

controller = Controller("node", user=identity.node_user, component="kubelet")

_LEASES = "coordination.k8s.io/v1"


def _me() -> Key:
    return Key("", identity.node_name())


def node_of(pod: Object, kube: Kube) -> Iterable[Key]:
    """The Node, whenever the images of its Pods may have changed."""
    return [_me()] if _local.images_in(kube) != _local.seen_images else ()


class Local:
    """What this process knows of the machine; podman's images are read only when a Pod brought another one."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.seen_images: frozenset[str] | None = None
        self.pressure = Pressure()
        self.observed: Mapping[str, datetime] = {}
        self.stall: MemoryStall | None = None
        self.look: asyncio.Task[None] | None = None
        self.heartbeat: asyncio.Task[None] | None = None
        self.logind: Logind | None = None
        self.is_shutting_down = False
        self.has_started = False
        self.unschedulable: bool | None = None

    def images_in(self, kube: Kube) -> frozenset[str]:
        pods = kube.list("v1", "pods")
        statuses = (entry for pod in pods for entry in (pod.get("status") or {}).get("containerStatuses") or ())
        return frozenset(entry.get("imageID") or "" for entry in statuses)

    async def read_images(self, kube: Kube) -> None:
        wanted = self.images_in(kube)
        if wanted == self.seen_images:
            return
        try:
            found = await Podman().images()
        except PodmanError as error:
            kube.log.debug("images not read: %s", error)
            found = []
        self.images = [Image((*image.digests, *image.names), image.size) for image in found]
        self.seen_images = wanted


_local = Local()


@controller.on_startup
async def start(kube: Kube) -> None:
    _local.seen_images = None
    _local.has_started = False
    _local.logind = Logind(_shutting_down)
    await _local.logind.open()
    _local.heartbeat = asyncio.create_task(_beat(kube), name="node heartbeat")
    _local.stall = MemoryStall(lambda: _hurry(kube))
    if not _local.stall.open():
        kube.log.debug("the kernel does not tell when memory is short: it is looked at with every heartbeat")
    # The Node may not exist yet, so that no watch would bring it up.
    controller.enqueue(_me())


@controller.on_cleanup
async def stop(kube: Kube) -> None:
    if _local.heartbeat is not None:
        _local.heartbeat.cancel()
    if _local.logind is not None:
        await _local.logind.close()
    if _local.stall is not None:
        _local.stall.close()


def _hurry(kube: Kube) -> None:
    """Processes wait for memory: not a time to wait for the next heartbeat."""
    if _local.look is None or _local.look.done():
        _local.look = asyncio.create_task(_look(kube), name="memory stall")


def _shutting_down(begins: bool) -> None:
    """The node takes no Pods any more from here on, or again when somebody has changed his mind."""
    _local.is_shutting_down = begins
    controller.enqueue(_me())


@controller.reconcile(
    "v1",
    "nodes",
    field_selector=lambda: f"metadata.name={identity.node_name()}",
    watches=[Watch("v1/pods", keys=node_of, field_selector=lambda: f"spec.nodeName={identity.node_name()}")],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: register, report. Also runs every five minutes, as a kubelet reports."""
    node = kube.get_or_none("v1", "nodes", key)
    if key != _me() or (node is not None and meta.is_deleting(node)):
        return DONE
    found = await asyncio.to_thread(machine.observe)
    await _local.read_images(kube)
    raise_first(await kube.perform(plan.registration(key.name, found, node)))
    if node is None:
        await _renew(kube)
    node = kube.get_or_none("v1", "nodes", key)
    if node is None:
        return Result(requeue_after=1)
    new = status.compute(node, found, _local.pressure, _local.images, now, is_shutting_down=_local.is_shutting_down)
    await kube.patch_status(node, new)
    await _tell(kube, node, new)
    return Result(requeue_after=status.REPORT_EVERY.total_seconds())


async def _tell(kube: Kube, node: Object, new: Object) -> None:
    name = meta.name_of(node)
    told = [*news.of_status(name, node.get("status") or {}, new), *news.of_scheduling(name, _local.unschedulable, node)]
    if not _local.has_started:
        told = [news.STARTING, *told, news.ENFORCED]
    _local.has_started = True
    _local.unschedulable = bool((node.get("spec") or {}).get("unschedulable"))
    for type_, reason, message in told:
        await kube.event(news.about(name), type_, reason, message)


async def _beat(kube: Kube) -> None:
    """Renew the Lease, and report at once when the machine runs short of something."""
    while True:
        try:
            await _renew(kube)
        except ApiError as error:
            kube.log.debug("lease not renewed: %s", error)
        await _look(kube)
        await asyncio.sleep(lease.RENEW_SECONDS)


async def _look(kube: Kube) -> None:
    """What the machine is short of, reported at once when it is another than before."""
    _local.observed = strain.observed(_local.observed, await asyncio.to_thread(machine.short_of), kube.clock())
    short = strain.pressure(_local.observed, kube.clock())
    if short != _local.pressure:
        _local.pressure = short
        controller.enqueue(_me())


async def _renew(kube: Kube) -> None:
    key = lease.key(identity.node_name())
    try:
        await kube.patch(_LEASES, "leases", key, lease.renewal(kube.clock()))
    except ApiError as error:
        if not error.is_not_found:
            raise
        node = await kube.fetch("v1", "nodes", _me())
        if node is not None:
            await kube.create(_LEASES, "leases", lease.new(node, kube.clock()))
