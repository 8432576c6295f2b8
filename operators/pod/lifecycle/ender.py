"""Ends Pods: stops their units within the grace period, then removes all they had on the node."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.controller import DONE, Result
from operators._kube.errors import ApiError
from operators._node.ports import SystemdError
from operators.pod import files, names
from operators.pod.inventory import Record
from operators.pod.lifecycle import ending, observer
from operators.pod.lifecycle.ending import Ending
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object
from operators.pod.status import compute
from operators.pod.units import unit

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

_log = logging.getLogger("ukube.pod")
_SLACK = 2.0
_AGAIN = 1.0  # seconds until units are asked to stop again


class Ender:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    async def terminate(self, pod: Object, kube: Kube, now: datetime) -> Result:
        """A Pod with a deletionTimestamp: stop, report, remove, then let its object go."""
        kubelet, uid = self._kubelet, meta.uid_of(pod)
        local = kubelet.local(uid)
        record = kubelet.inventory.record(uid, meta.key_of(pod))
        views = observer.look(pod, record, kubelet.systemd, kubelet.paths)
        await observer.explain(pod, views, local.messages, kubelet.paths)
        kubelet.hooks.report(pod)
        if is_unfinished := self._is_unfinished(record, local):
            result = self._wait(pod, record, views, local, now)
        facts = kubelet.reporter.facts(pod, record, views, local, ended=not is_unfinished)
        with contextlib.suppress(ApiError):  # the deletion below finds out
            await kube.patch_status(dict(pod), compute.compute(pod, facts, now))
        if is_unfinished:
            return result
        await self._remove(record)
        await kube.delete("v1", "pods", meta.key_of(pod), uid=uid, propagation=None, grace_seconds=0)
        return DONE

    async def evict(self, pod: Object, why: Ending) -> None:
        """Has a Pod of this node ended with phase Failed, though nobody deletes it; known beyond a restart."""
        folder = self._kubelet.paths.pod_state(meta.uid_of(pod))
        await asyncio.to_thread(files.write, folder / "ending", ending.dump(why), 0o600)
        self._kubelet.enqueue(meta.key_of(pod))

    def cause(self, pod: Object, now: datetime) -> Ending | None:
        """Why this Pod is to be ended, if it is."""
        why = ending.load(files.read(self._kubelet.paths.pod_state(meta.uid_of(pod)) / "ending"))
        return why or ending.overdue(pod, now)

    def end(self, pod: Object, record: Record, views: Mapping[str, View], local: Local, grace: int) -> None:
        """Begins to end all containers that still run; the sidecars after the others."""
        if local.stop is None:
            self._tell(pod, views)
            self._begin(record, local, grace)

    async def discard(self, record: Record) -> None:
        """A Pod whose object is gone, or another's now: end it at once and remove it."""
        local = self._kubelet.local(record.uid)
        if not self._is_unfinished(record, local):
            await self._remove(record)
        elif local.stop is None:
            self._begin(record, local, 0)
        elif local.grace:
            local.grace = 0
            await self._kill(record)

    async def retire(self, pod: Object) -> Result:
        """A Pod that has come to its end by itself: its namespaces and boot links go, its logs and volumes stay."""
        uid = meta.uid_of(pod)
        record = self._kubelet.inventory.find(uid)
        if record is None or not record.sandbox:
            return DONE
        local = self._kubelet.local(uid)
        if self._is_unfinished(record, local):
            if local.stop is None:
                self._begin(record, local, unit.grace_period(pod))
            return Result(requeue_after=5.0)
        self._kubelet.prober.stop(uid)
        await asyncio.to_thread(files.remove_units, self._kubelet.paths, record)
        await self._kubelet.volumes.release(uid)
        had_ports = bool(record.host_ports)
        self._kubelet.inventory.put_sandbox(record, "", "", ())
        record.units.clear()
        local.stop = None
        (self._kubelet.paths.pod_run(uid) / "grace").unlink(missing_ok=True)
        if had_ports:
            await self._kubelet.network.apply(self._kubelet.inventory.host_ports())
        return DONE

    def _is_unfinished(self, record: Record, local: Local) -> bool:
        if local.stop is not None:
            return not local.stop.done()
        # What systemd has been asked to start may not have been heard of yet; only a stop takes it back.
        return bool(local.pending()) or any(self._is_up(name) for name in files.services(record))

    def _is_up(self, name: str) -> bool:
        state = self._kubelet.systemd.state(name)
        return state is not None and state.active not in ("inactive", "failed")

    def _wait(self, pod: Object, record: Record, views: Mapping[str, View], local: Local, now: datetime) -> Result:
        grace = pod["metadata"].get("deletionGracePeriodSeconds")
        seconds = unit.grace_period(pod) if grace is None else int(grace)
        deadline = meta.parse_time(pod["metadata"]["deletionTimestamp"])
        if local.stop is None:
            self._tell(pod, views)
            self._begin(record, local, seconds)
        if local.grace is None or seconds >= local.grace:
            return Result(requeue_after=max(5.0, (deadline - now).total_seconds()))
        left = (deadline - now).total_seconds()  # somebody has lost patience after the stop had begun
        if left > 0:
            return Result(requeue_after=left)
        local.stops["kill"] = asyncio.create_task(self._kill(record))
        return Result(requeue_after=5.0)

    def _tell(self, pod: Object, views: Mapping[str, View]) -> None:
        for name in observer.runs(views):
            self._kubelet.news.tell(pod, name, "Normal", "Killing", f"Stopping container {name}")

    def _begin(self, record: Record, local: Local, grace: int) -> None:
        self._kubelet.prober.terminate(record.uid)
        self._kubelet.images.forget(record.uid)
        local.drop_starts()
        local.grace = grace
        local.stop = asyncio.create_task(self._stop(record, grace))

    async def _stop(self, record: Record, grace: int) -> None:
        """Stopping the sandbox stops all that is bound to it, each within the grace period."""
        try:
            # stop.sh is in time by itself; it has no part in how init containers end, which know one grace period only.
            sidecars = sum(found.role == "sidecar" for found in record.units.values())
            left = self._left(record, grace) + _SLACK * (1 + sidecars)
            stopping = asyncio.create_task(self._stop_units(record))
            done, _ = await asyncio.wait({stopping}, timeout=left)
            if not done:
                await self._kill(record)
            await stopping
        except SystemdError as error:
            # Whether the units have stopped is not known: nothing of theirs is removed before they were asked again.
            _log.warning("Pod %s is not stopped yet: %s", record.uid, error)
            await asyncio.sleep(_AGAIN)
            self._kubelet.local(record.uid).stop = None
        finally:
            if record.key is not None:
                self._kubelet.enqueue(record.key)

    def _left(self, record: Record, grace: int) -> float:
        """Seconds of the Pod's grace period; its end is written down for stop.sh, and for the next operator."""
        run, now = self._kubelet.paths.pod_run(record.uid), time.clock_gettime(time.CLOCK_BOOTTIME)
        text = files.read(run / "grace").strip()
        if not text.isdecimal():
            text = str(int(now + grace))
            if run.exists():
                files.write(run / "grace", text + "\n")
        return max(float(text) - now, _SLACK)

    async def _stop_units(self, record: Record) -> None:
        if record.sandbox:
            await self._kubelet.systemd.stop(record.sandbox)
        rest = [name for name in files.services(record) if self._is_up(name)]
        await asyncio.gather(*(self._kubelet.systemd.stop(name) for name in rest))

    async def _kill(self, record: Record) -> None:
        """Ends the containers' processes now; conmon sees them end and lets the units stop."""
        for name in files.services(record):
            group = names.cgroup(record.slice, name)
            await asyncio.to_thread(files.kill_payload, self._kubelet.paths, group)

    async def _remove(self, record: Record) -> None:
        kubelet = self._kubelet
        kubelet.prober.stop(record.uid)
        kubelet.images.forget(record.uid)
        kubelet.local(record.uid).drop_starts()
        await asyncio.to_thread(files.remove, kubelet.paths, record)
        had_ports = bool(record.host_ports)
        kubelet.forget(record.uid)
        if had_ports:
            await kubelet.network.apply(kubelet.inventory.host_ports())
        if record.key is not None:
            kubelet.enqueue(record.key)  # a successor may have waited for the names
