"""Evicts Pods: when the node is short of something, when they use more storage than they may, for critical ones."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from operators._kube import conditions, meta
from operators._kube.controller import Key, Result
from operators._node import pressure
from operators._node.ports import PodmanError
from operators._node.pressure import Signal
from operators.pod.eviction import measures, ranking, wording
from operators.pod.eviction.ranking import Usage
from operators.pod.inventory import Record
from operators.pod.lifecycle.ending import Ending
from operators.pod.part import Part
from operators.pod.resources import fitting, priority
from operators.pod.sources import Object

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

#: Not a Pod: asks for a look at what the node is short of.
PRESSURE = Key("", "pressure")
_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
_ENDED = ("Succeeded", "Failed")
_GRACE = 1  # seconds
_INTERVAL = 10.0
_SOON = 1.0
_PATIENCE = 30.0  # seconds that an evicted Pod may take before the next one goes
_DISRUPTION = "TerminationByKubelet"


def keys_of(node: Object) -> list[Key]:
    """What a change of the Node asks for."""
    present = conditions.of(node)
    return [PRESSURE] if any(conditions.is_true(present, name) for name in _PRESSURES) else []


class Evictor(Part):
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet
        self._limited: set[str] = set()
        self._housekeeping: asyncio.Task[None] | None = None
        self._leaving: tuple[str, float] | None = None  # UID, loop time

    async def close(self) -> None:
        if self._housekeeping is not None:
            self._housekeeping.cancel()

    def forget(self, uid: str) -> None:
        self._limited.discard(uid)

    # The node is short of something

    async def relieve(self) -> Result:
        """Evicts one Pod if a threshold is met; the result says when to look again."""
        node = self._kubelet.objects.node()
        if node is None or not keys_of(node):
            return Result()
        signals = await asyncio.to_thread(pressure.read, pressure.thresholds(), self._kubelet.paths.cgroups)
        met = [signal for signal in signals if signal.is_met]
        if not met:
            return Result(requeue_after=_INTERVAL)
        if self._is_leaving():
            return Result(requeue_after=_SOON)
        signal = met[0]
        kube = self._kubelet.objects.kube
        await kube.event(dict(node), "Warning", "EvictionThresholdMet", f"Attempting to reclaim {signal.resource}")
        if await self._reclaim(signal):
            return Result(requeue_after=_INTERVAL)
        evicted = await self._evict_one(signal)
        return Result(requeue_after=_SOON if evicted else _INTERVAL)

    def _is_leaving(self) -> bool:
        if self._leaving is None:
            return False
        uid, since = self._leaving
        pod = next((pod for pod in self._kubelet.objects.pods() if meta.uid_of(pod) == uid), None)
        is_gone = pod is None or (pod.get("status") or {}).get("phase") in _ENDED
        if is_gone or asyncio.get_running_loop().time() - since > _PATIENCE:
            self._leaving = None
        return self._leaving is not None

    async def _reclaim(self, signal: Signal) -> bool:
        """Whether what nobody needs was enough: images of no Pod."""
        if signal.condition != "DiskPressure":
            return False
        with contextlib.suppress(PodmanError):
            await self._kubelet.collector.collect(max(1, signal.threshold - signal.available))
        again = await asyncio.to_thread(pressure.read, pressure.thresholds(), self._kubelet.paths.cgroups)
        return not any(other.is_met for other in again if other.condition == signal.condition)

    async def _evict_one(self, signal: Signal) -> bool:
        candidates = [(pod, record) for pod, record in self._active() if not priority.is_critical(pod)]
        folders = {record.uid: self._folders(pod, record) for pod, record in candidates}
        usage = await asyncio.to_thread(self._measure, candidates, folders, signal.resource)
        for pod in ranking.rank([pod for pod, _ in candidates], signal.resource, usage):
            uid = meta.uid_of(dict(pod))
            message = wording.low_on(signal.resource, signal.threshold, signal.available, pod, usage.get(uid))
            await self._evict(pod, Ending(wording.REASON, message, _GRACE, _DISRUPTION))
            self._leaving = (uid, asyncio.get_running_loop().time())
            return True
        return False

    def _active(self) -> list[tuple[Object, Record]]:
        """Pods that have something on the node and have not ended."""
        found = []
        for record in self._kubelet.inventory.records():
            pod = self._kubelet.objects.pod_of(record)
            if pod is not None and record.sandbox and (pod.get("status") or {}).get("phase") not in _ENDED:
                found.append((self._kubelet.resizer.given(pod), record))
        return found

    def _folders(self, pod: Object, record: Record) -> measures.Folders:
        """The Pod's emptyDir volumes."""
        planned = self._kubelet.volumes.plan(pod, record)
        names = [v["name"] for v in pod["spec"].get("volumes") or () if v.get("emptyDir") is not None]
        return {name: Path(planned[name].path) for name in names if name in planned and planned[name].path}

    def _measure(
        self, pods: list[tuple[Object, Record]], folders: Mapping[str, measures.Folders], resource: str
    ) -> dict[str, Usage]:
        paths = self._kubelet.paths
        return {record.uid: measures.of(paths, pod, record, folders[record.uid], resource) for pod, record in pods}

    async def _evict(self, pod: Object, why: Ending) -> None:
        local = self._kubelet.local(meta.uid_of(dict(pod)))
        self._kubelet.news.once(pod, local, None, why.reason, why.message)
        await self._kubelet.ender.evict(pod, why)

    # A critical Pod needs room

    async def make_room(self, pod: Object) -> bool:
        """Whether other Pods are being ended so that this one fits; only for one that the node cannot do without."""
        if not priority.is_critical(pod):
            return False
        others = [other for other, _ in self._active() if meta.uid_of(dict(other)) != meta.uid_of(dict(pod))]
        lacks = fitting.lacks(pod, others, self._kubelet.objects.node() or {})
        if not lacks:
            return False
        missing = {lack.resource: lack.missing for lack in lacks}
        for victim in ranking.to_preempt([o for o in others if priority.is_preemptable_by(o, pod)], missing) or ():
            reason, message = wording.PREEMPTED
            await self._evict(victim, Ending(reason, message, None, _DISRUPTION))
        return True

    # Local storage

    def follow(self, pod: Object) -> None:
        """Looks at what a Pod writes from now on, if anything limits that."""
        uid = meta.uid_of(dict(pod))
        if uid in self._limited or not measures.is_limited(pod):
            return
        self._limited.add(uid)
        if self._housekeeping is None or self._housekeeping.done():
            self._housekeeping = asyncio.create_task(self._keep_house(), name="local storage")

    async def _keep_house(self) -> None:
        while self._limited:
            await asyncio.sleep(_INTERVAL)
            for pod, record in self._active():
                if record.uid not in self._limited:
                    continue
                folders = self._folders(pod, record)
                message = await asyncio.to_thread(measures.excess, self._kubelet.paths, pod, record, folders)
                if message:
                    self._limited.discard(record.uid)
                    await self._evict(pod, Ending(wording.REASON, message, _GRACE))
