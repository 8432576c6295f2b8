"""MicroKube's kubelet: the Pods of this node, from unit files to status. Its parts each do one step of a reconcile."""

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import datetime

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.controller import DONE, Key, Result
from operators._node.podman import Podman
from operators._node.systemd import Systemd
from operators.pod import files, network
from operators.pod.eviction.evictor import Evictor
from operators.pod.hooks.running import Hooks
from operators.pod.images import using
from operators.pod.images.collector import Collector
from operators.pod.images.pulls import Images
from operators.pod.images.records import Records
from operators.pod.inventory import Inventory
from operators.pod.lifecycle.ender import Ender
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.preparing import Preparer
from operators.pod.lifecycle.probing import Probing
from operators.pod.lifecycle.reporter import Reporter
from operators.pod.lifecycle.runner import Runner
from operators.pod.lifecycle.standing import Stand
from operators.pod.lifecycle.syncer import SWEEP, Syncer
from operators.pod.logs.keeper import LogKeeper
from operators.pod.news import News
from operators.pod.objects import Objects
from operators.pod.part import Part
from operators.pod.paths import Paths
from operators.pod.probes.prober import Prober
from operators.pod.resources import slices
from operators.pod.resources.resizer import Resizer
from operators.pod.resources.slices import Slices
from operators.pod.security.guard import Guard
from operators.pod.shutdown.graceful import Shutdown
from operators.pod.staticpods.statics import StaticPods
from operators.pod.units import node
from operators.pod.units.parts import Machine
from operators.pod.volumes.referenced import Referenced
from operators.pod.volumes.sealing import Sealer
from operators.pod.volumes.setup import Volumes
from operators.pod.volumes.tokens import Tokens

_log = logging.getLogger("ukube.pod")


class Kubelet:
    """One node's Pods. `enqueue`: has a key reconciled.

    objects: what the API says. news: Events. standing, preparer, runner: bring Pods up. ender: ends them. reporter:
    what status is computed from. probing: between containers and their probes.
    """

    def __init__(
        self, node_name: str, machine: Machine, pods_network: network.PodNetwork, enqueue: Callable[[Key], None]
    ) -> None:
        self.machine = machine
        self.paths: Paths = machine.paths
        self._enqueue_others, enqueue = enqueue, self.enqueue
        self.inventory = Inventory(machine.paths)
        self.network = pods_network
        self.systemd = Systemd(self._unit_changed)
        self.news = News()
        self.sealer = Sealer(machine.paths)
        self.tokens = Tokens(machine.paths)
        self.referenced = Referenced(enqueue)
        self.objects = Objects(node_name, machine.gateway, self.referenced, self.tokens)
        self.volumes = Volumes(machine.paths, self.objects, self.news, self.sealer)
        self.images = Images(
            Podman(),
            self.news.of_container,
            lambda pod: enqueue(meta.key_of(dict(pod))),
            records=Records(machine.paths.state / "images"),
            sources=self.objects,
        )
        self.collector = Collector(self.images, self._images_in_use, self.news.of_node)
        self.probing = Probing(self)
        self.prober = Prober(self.probing.command, self.probing.outcome)
        self.guard = Guard(machine)
        self.hooks = Hooks(machine.paths, self.news.tell)
        self.standing = Stand(self)
        self.preparer = Preparer(self)
        self.runner = Runner(self)
        self.ender = Ender(self)
        self.reporter = Reporter(self)
        self.resizer = Resizer(self)
        self.evictor = Evictor(self)
        self.slices = Slices(self, os.cpu_count() or 1)
        self._syncer = Syncer(self)
        self.statics = StaticPods(self.objects, self._syncer.sync)
        self.shutdown = Shutdown(self.inventory, self.systemd, self.objects.pods, self._look_at_all, self.prober.stop)
        self.log_keeper = LogKeeper(machine.paths, self.inventory)
        self.parts: tuple[Part, ...] = (
            self.prober,
            self.hooks,
            self.sealer,
            self.tokens,
            self.referenced,
            self.preparer,
            self.guard,
            self.images,
            self.collector,
            self.log_keeper,
            self.resizer,
            self.evictor,
            self.slices,
            self.statics,
            self.shutdown,
        )
        self._locals: dict[str, Local] = {}

    async def open(self, kube: Kube) -> None:
        """Installs what units call, reads what is there, connects. Raises SystemdError, OSError."""
        self.objects.kube = self.news.kube = kube
        self.news.node = self.objects.node
        changed = await asyncio.to_thread(files.install, self.paths, self._own_units())
        await asyncio.to_thread(self.inventory.scan)
        for part in self.parts:
            await part.open(kube)
        await self.systemd.open()
        if changed:
            await self.systemd.reload()
        await self.network.restore(self.inventory.host_ports())
        if await self.systemd.start(node.NETWORK) != "done":
            _log.error("%s failed: Pods will have no network; see journalctl -u %s", node.NETWORK, node.NETWORK)
        await self.systemd.start(node.TARGET)  # active already after a boot; not so on the first day, or after a stop
        self.statics.begin()
        self._look_at_all()

    def _look_at_all(self) -> None:
        for key in self.inventory.owners():
            self.enqueue(key)
        self.enqueue(SWEEP)

    def _own_units(self) -> dict[str, str]:
        weights = files.read(self.paths.units / slices.BURSTABLE)
        own = slices.units(self.machine, os.cpu_count() or 1)
        if weights:
            del own[slices.BURSTABLE]  # says what Pods weigh that run now
        return {**node.network(self.machine), **own}

    async def close(self) -> None:
        for part in self.parts:
            await part.close()
        await self.systemd.close()

    async def sync(self, key: Key, kube: Kube, now: datetime) -> Result:
        """Bring the node to what the Pod says, then the Pod's status to what the node says."""
        if self.statics.owns(key):
            self.statics.enqueue(key)
            return DONE
        await self.statics.drop_orphan(key, kube)
        return await self._syncer.sync(key, kube, now)

    def enqueue(self, key: Key) -> None:
        """Has a Pod reconciled: static ones also while there is no API server."""
        (self.statics.enqueue if self.statics.owns(key) else self._enqueue_others)(key)

    def local(self, uid: str) -> Local:
        return self._locals.setdefault(uid, Local())

    def forget(self, uid: str) -> None:
        self._locals.pop(uid, None)
        for part in self.parts:
            part.forget(uid)
        self.inventory.forget(uid)

    def _images_in_use(self) -> set[str]:
        running = [found.image for record in self.inventory.records() for found in record.units.values()]
        return using.wanted(self.objects.pods(), running, self.images.held)

    def _unit_changed(self, name: str) -> None:
        key = self.inventory.owner(name)
        state = self.systemd.state(name)
        if key is not None and (state is None or (state.active, state.sub) not in _PASSING):
            self.enqueue(key)


# States that are left within milliseconds: a look at them is wasted.
_PASSING = {
    ("inactive", ""),
    ("activating", "start"),
    ("activating", "auto-restart-queued"),
    ("deactivating", "stop-post"),
}


def controllers(paths: Paths) -> frozenset[str]:
    """The cgroup v2 controllers of this machine."""
    return frozenset(files.read(paths.cgroups / "cgroup.controllers").split())
