"""Brings a Pod's containers up and keeps them so: has systemd start and restart their units."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from operators._kube.controller import Result
from operators._node.ports import SystemdError
from operators.pod import files
from operators.pod.inventory import Record
from operators.pod.lifecycle import exits, plan, policy
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object
from operators.pod.status import backoff
from operators.pod.status.facts import Report

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

_NO_IMAGE = "image not known"  # podman's words
_SLOTS = 4  # two for each core of a small machine: more at once makes all of them slower
_SLOT_SECONDS = 5.0  # an init container may run for hours, and must not keep others waiting


class Runner:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet
        self._slots = asyncio.Semaphore(_SLOTS)

    async def advance(self, pod: Object, record: Record, views: Mapping[str, View], local: Local) -> Result:
        """One step towards what the Pod's spec asks for. The result says when to look again."""
        self._refetch(pod, record, views)
        hashes = {name: found.hash for name, found in record.units.items()}
        steps = plan.steps(pod, views, hashes, local.ended_by_us)
        for step in steps:
            if step.do == "kick":
                self._kick(record, step.container, views[step.container], local)
            elif step.do == "replace":
                self.restart(pod, record, step.container, "definition changed, will be restarted")
        wanted = [step.container for step in steps if step.do == "start"]
        again: list[float] = []
        if not await self._kubelet.standing.ensure(pod, record, local, again):
            return Result(requeue_after=min(again, default=None))
        await self._kubelet.preparer.restore(pod, record, local, again)
        await self._kubelet.preparer.refresh(pod, record, wanted, local)
        if wanted:
            await self._kubelet.preparer.prepare(pod, record, wanted, local, again, views)
            self._start(pod, record, views, wanted, local, again)
        return Result(requeue_after=min(again, default=None))

    def _refetch(self, pod: Object, record: Record, views: Mapping[str, View]) -> None:
        """A container whose image was removed underneath it starts over, with the image looked for again."""
        for spec, _ in plan.containers(pod):
            view = views[spec["name"]]
            ended = view.exits[-1] if view.exits else None
            is_gone = ended is not None and ended.started == 0.0 and _NO_IMAGE in ended.message
            if is_gone and view.doing == "backoff":
                self._kubelet.images.lost(spec.get("image", ""))
                self.restart(pod, record, spec["name"], "lost its image, will be restarted")

    # Starting and stopping

    def _start(
        self,
        pod: Object,
        record: Record,
        views: Mapping[str, View],
        wanted: list[str],
        local: Local,
        again: list[float],
    ) -> None:
        now = asyncio.get_running_loop().time()
        ephemeral = {spec["name"] for spec, role in plan.everything(pod) if role == "ephemeral"}

        def has_started(sidecar: str) -> bool:
            return bool(self._kubelet.prober.verdict(record.uid, sidecar, "startup"))

        for name in wanted:
            is_busy = (task := local.starts.get(name)) is not None and not task.done()
            if is_busy or name in local.waiting or not plan.is_startable(pod, name, record.units, has_started):
                continue
            delay = local.not_before.get(name, 0.0) - now
            if delay > 0:
                again.append(delay)
                view = views[name]
                report = Report(view)
                if view.exits:
                    local.waiting[name] = ("CrashLoopBackOff", backoff.message(pod, name, report))
                continue
            local.ended_by_us.discard(name)
            if policy.runs_once(pod) or name in ephemeral:
                files.mark_started(self._kubelet.paths, record.uid, name)
            task = local.starts[name] = asyncio.create_task(self._start_unit(record.units[name].name))
            task.add_done_callback(lambda done, name=name: self._started(pod, record, local, name, done))  # type: ignore[misc]

    async def _start_unit(self, name: str) -> str:
        async with self._slots:
            job = asyncio.create_task(self._kubelet.systemd.start(name))
            try:
                await asyncio.wait({job}, timeout=_SLOT_SECONDS)
            except asyncio.CancelledError:
                job.cancel()  # waiting for it does not; it would start what is being removed
                raise
        return await job

    def _started(self, pod: Object, record: Record, local: Local, name: str, task: asyncio.Task[str]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        result = "" if error else task.result()
        if result in ("done", "canceled", "skipped"):
            local.failures = 0
        else:
            # Its own run failing is in its exits; this is about what it depends on.
            local.failures += 1
            local.not_before[name] = asyncio.get_running_loop().time() + min(2.0**local.failures, 60.0)
            sandbox = self._kubelet.systemd.state(record.sandbox)
            if error is not None or (result == "dependency" and (sandbox is None or sandbox.active != "active")):
                text = str(error) if error else f"{record.sandbox} did not start, see its journal"
                self._kubelet.news.once(
                    pod, local, None, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {text}"
                )
        if record.key is not None:
            self._kubelet.enqueue(record.key)

    def _kick(self, record: Record, name: str, view: View, local: Local) -> None:
        ended = view.exits[-1].invocation
        if local.kicks.get(name) != ended:
            local.kicks[name] = ended
            # Not among the starts: the first one's job still waits for the unit to come up at last.
            local.restarts[name] = asyncio.create_task(self._restart_unit(record.units[name].name))

    async def _restart_unit(self, name: str) -> str:
        try:
            return await self._kubelet.systemd.restart(name)
        except SystemdError:
            return "failed"

    def restart(
        self, pod: Object, record: Record, name: str, why: str, *, grace: int | None = None, again: bool = True
    ) -> None:
        """Ends a container within `grace` seconds (None: the Pod's); `again`: it is started again when it is gone."""
        local, known = self._kubelet.local(record.uid), record.units.get(name)
        if known is None or ((task := local.stops.get(name)) is not None and not task.done()):
            return
        self._kubelet.news.tell(pod, name, "Normal", "Killing", f"Container {name} {why}")
        run = self._kubelet.paths.pod_run(record.uid)
        if grace is not None:
            files.write(run / f"{name}.grace", str(grace))
        if again:
            local.ended_by_us.add(name)
            local.stops[name] = asyncio.create_task(self._end(record, name, known.name, local))
        else:
            local.stops[name] = asyncio.create_task(self._stop(run, name, known.name))

    async def _stop(self, run: Path, name: str, unit_name: str) -> None:
        try:
            await self._kubelet.systemd.stop(unit_name)
        finally:
            (run / f"{name}.grace").unlink(missing_ok=True)

    async def _end(self, record: Record, name: str, unit_name: str, local: Local) -> None:
        run, state = self._kubelet.paths.pod_run(record.uid), self._kubelet.paths.pod_state(record.uid)
        (run / "restart").touch()
        try:
            await self._stop(run, name, unit_name)
        finally:
            (run / "restart").unlink(missing_ok=True)
            (state / "done" / name).unlink(missing_ok=True)
        ended = backoff.streak(exits.parse(files.read(run / "exits" / name)))
        local.not_before[name] = asyncio.get_running_loop().time() + (
            0.0 if ended <= 1 else float(backoff.seconds(ended - 1))
        )
        if record.key is not None:
            self._kubelet.enqueue(record.key)
