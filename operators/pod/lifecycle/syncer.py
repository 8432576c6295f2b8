"""One reconcile of a Pod: bring the node to what it says, then its status to what the node says."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.controller import DONE, Key, Result
from operators.pod import names
from operators.pod.admission import admit, ports
from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.eviction import evictor
from operators.pod.inventory import Record
from operators.pod.lifecycle import ending, observer, plan, steward
from operators.pod.lifecycle.ending import Ending
from operators.pod.lifecycle.reporter import count_restarts
from operators.pod.lifecycle.view import View
from operators.pod.objects import API
from operators.pod.sources import Object
from operators.pod.status import compute
from operators.pod.units import unit

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

_log = logging.getLogger("ukube.pod")

INTERIM = 0.4  # seconds after which a Pod that is still starting gets its first status
SWEEP = Key("", "")  # not a Pod: asks for a look at what nobody owns, and at where the API server is


class Syncer:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    async def sync(self, key: Key, kube: Kube, now: datetime) -> Result:
        kubelet = self._kubelet
        if kubelet.shutdown.is_on:
            return DONE  # what stops now starts again at the next boot
        if key == SWEEP:
            return await self._sweep(kube)
        if key == evictor.PRESSURE:
            return await kubelet.evictor.relieve()
        pod = kubelet.objects.pod_at(key)
        uid = meta.uid_of(pod) if pod else ""
        others = [record for record in kubelet.inventory.of_key(key) if record.uid != uid]
        for record in others:
            await kubelet.ender.discard(record)
        if others:
            return Result(requeue_after=1.0)  # its units have the same names as the new one's
        if pod is None:
            return DONE
        if meta.is_deleting(pod):
            return await kubelet.ender.terminate(pod, kube, now)
        if has_ended(pod):
            return await kubelet.ender.retire(pod)
        return await self._run(pod, kube, now)

    async def _sweep(self, kube: Kube) -> Result:
        kubelet = self._kubelet
        present = {meta.uid_of(pod) for pod in (*kube.list("v1", "pods"), *kubelet.objects.static.values())}
        for uid in kubelet.inventory.nobodys():
            if uid not in present:
                _log.info("removing what is left of Pod %s", uid)
                await kubelet.ender.discard(kubelet.inventory.record(uid))
        kubelet.network.lead_to_api(kube.get_or_none("v1", "services", API), kube.get_or_none("v1", "endpoints", API))
        await kubelet.network.apply(kubelet.inventory.host_ports())
        return DONE

    async def _run(self, pod: Object, kube: Kube, now: datetime) -> Result:
        kubelet = self._kubelet
        local = kubelet.local(meta.uid_of(pod))
        record = kubelet.inventory.record(meta.uid_of(pod), meta.key_of(dict(pod)))
        pod = kubelet.resizer.admit(pod, record)
        if not record.sandbox and await kubelet.evictor.make_room(pod):
            return Result(requeue_after=1.0)
        if not record.sandbox and (rejection := self._admit(pod)) is not None:
            return await self._reject(pod, record, rejection, kube, now)
        await kubelet.referenced.cover(pod, kube)
        views = observer.look(pod, record, kubelet.systemd, kubelet.paths)
        await observer.explain(pod, views, local.messages, kubelet.paths)
        count_restarts(pod, views, local)
        why = kubelet.ender.cause(pod, now)
        if why is not None or plan.is_over(pod, views):
            return await self._conclude(pod, record, views, why, kube, now)
        again: list[float] = []
        kubelet.evictor.follow(pod)
        await kubelet.resizer.settle(pod, record, views, local, again)
        result = await kubelet.runner.advance(pod, record, views, local)
        if local.busy() and all(view.doing in ("absent", "starting") for view in views.values()) and not local.told:
            local.told.add(("", "begun"))
            return Result(requeue_after=INTERIM)  # most are running by then: one status instead of two
        steward.announce(kubelet, pod, views, local)
        kubelet.probing.sync(pod, views)
        facts = kubelet.reporter.facts(pod, record, views, local)
        await kube.patch_status(dict(pod), compute.compute(pod, facts, now))
        if (due := ending.deadline(pod)) is not None:
            again.append(max(0.0, (due - now).total_seconds()))
        if again:
            result = Result(requeue_after=min(*again, result.requeue_after or again[0]))
        if any(views[spec["name"]].doing == "starting" for spec, role in plan.containers(pod) if role == "init"):
            # systemd says nothing between the start and the end of a oneshot.
            return Result(requeue_after=min(INTERIM, result.requeue_after or INTERIM))
        return result

    async def _conclude(
        self, pod: Object, record: Record, views: Mapping[str, View], why: Ending | None, kube: Kube, now: datetime
    ) -> Result:
        """The Pod has come to its end: what still runs is ended, and only then the Pod has."""
        kubelet, local = self._kubelet, self._kubelet.local(record.uid)
        steward.announce(kubelet, pod, views, local)
        if why is not None and why.is_told:
            kubelet.news.once(pod, local, None, why.reason, why.message, type_="Normal")
        grace = unit.grace_period(pod) if why is None or why.grace is None else why.grace
        if is_up := plan.are_up(views) or bool(local.busy()):
            kubelet.ender.end(pod, record, views, local, grace)
        facts = kubelet.reporter.facts(pod, record, views, local, ended=not is_up, why=why)
        await kube.patch_status(dict(pod), compute.compute(pod, facts, now))
        return Result(requeue_after=5.0) if is_up else DONE

    def _admit(self, pod: Object) -> Rejection | None:
        meta_, uid, kubelet = pod["metadata"], meta.uid_of(dict(pod)), self._kubelet
        every = [container["name"] for container, _ in plan.everything(pod)]
        scene = Scene(
            names_are_safe=names.is_safe(meta_["namespace"], meta_["name"], uid, every),
            taken_ports={(port.protocol, port.port) for port in kubelet.inventory.host_ports()},
            node=kubelet.objects.node() or {},
            others=[
                kubelet.resizer.given(other)
                for other in kubelet.objects.pods()
                if meta.uid_of(other) != uid and not has_ended(other)
            ],
            has_apparmor=kubelet.machine.has_apparmor,
            unsafe_sysctls=kubelet.machine.unsafe_sysctls,
        )
        return admit.admit(pod, scene)

    async def _reject(self, pod: Object, record: Record, rejection: Rejection, kube: Kube, now: datetime) -> Result:
        kubelet = self._kubelet
        kubelet.forget(record.uid)
        if rejection.reason == ports.REASON and self._ports_come_free(pod):
            return Result(requeue_after=INTERIM)
        await kube.patch_status(dict(pod), compute.rejected(pod, rejection.reason, rejection.message, now))
        kubelet.news.tell(pod, None, "Warning", rejection.reason, rejection.message)
        return DONE

    def _ports_come_free(self, pod: Object) -> bool:
        """Whether only Pods that have ended hold the ports: the binder counts them no longer, though they still are."""
        wanted = ports.host_ports(pod)
        records = self._kubelet.inventory.records()
        holders = [r for r in records if any((p.protocol, p.port) in wanted for p in r.host_ports)]
        return not any(self._is_active(holder) for holder in holders)

    def _is_active(self, record: Record) -> bool:
        pod = self._kubelet.objects.pod_of(record)
        return pod is not None and not has_ended(pod)


def has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
