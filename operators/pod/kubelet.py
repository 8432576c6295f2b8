"""MicroKube's kubelet: the Pods of this node, from unit files to status. Its parts each do one step of a reconcile."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from operators._kube import meta
from operators._kube.actions import EventType
from operators._kube.client import Kube
from operators._kube.controller import DONE, Key, Result
from operators._node.podman import Podman
from operators._node.systemd import Systemd
from operators.pod import files, names, network, status
from operators.pod.admission import admit, ports
from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.images.pulls import Images
from operators.pod.inventory import Inventory, Record
from operators.pod.lifecycle import observer, plan, steward
from operators.pod.lifecycle.ender import Ender
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.runner import Runner
from operators.pod.lifecycle.view import View
from operators.pod.part import Part
from operators.pod.paths import Paths
from operators.pod.probes import rules
from operators.pod.probes.prober import Prober
from operators.pod.probes.rules import Probe
from operators.pod.sources import NodeFacts, Object
from operators.pod.status import Facts, Report
from operators.pod.units import unit
from operators.pod.units.parts import Machine
from operators.pod.volumes.referenced import Referenced
from operators.pod.volumes.sealing import Sealer
from operators.pod.volumes.tokens import Tokens

_log = logging.getLogger("ukube.pod")

_INTERIM = 0.4  # seconds after which a Pod that is still starting gets its first status
SWEEP = Key("", "")  # not a Pod: asks for a look at what nobody owns, and at where the API server is
_API = Key("default", "kubernetes")


class Kubelet:
    """One node's Pods. `enqueue`: has a key reconciled."""

    def __init__(
        self, node_name: str, machine: Machine, pods_network: network.PodNetwork, enqueue: Callable[[Key], None]
    ) -> None:
        self.node_name = node_name
        self.machine = machine
        self.paths: Paths = machine.paths
        self.enqueue = enqueue
        self.inventory = Inventory(machine.paths)
        self.network = pods_network
        self.systemd = Systemd(self._unit_changed)
        self.images = Images(Podman(), self._notify, lambda pod: enqueue(meta.key_of(pod)))
        self.prober = Prober(self._run_exec, self._probed)
        self.sealer = Sealer(machine.paths)
        self.tokens = Tokens(machine.paths)
        self.referenced = Referenced(enqueue)
        self.runner = Runner(self)
        self.ender = Ender(self)
        self.parts: tuple[Part, ...] = (self.prober, self.sealer, self.tokens, self.referenced, self.runner)
        self._locals: dict[str, Local] = {}
        self._kube: Kube | None = None
        self._events: set[asyncio.Task[None]] = set()

    async def open(self, kube: Kube) -> None:
        """Installs what units call, reads what is there, connects. Raises SystemdError, OSError."""
        self._kube = kube
        changed = await asyncio.to_thread(files.install, self.paths, unit.network(self.machine))
        await asyncio.to_thread(self.inventory.scan)
        for part in self.parts:
            await part.open(kube)
        await self.systemd.open()
        if changed:
            await self.systemd.reload()
        await self.network.restore(self.inventory.host_ports())
        if await self.systemd.start(unit.NETWORK) != "done":
            _log.error("%s failed: Pods will have no network; see journalctl -u %s", unit.NETWORK, unit.NETWORK)
        await self.systemd.start(unit.TARGET)  # active already after a boot; not so on the first day, or after a stop
        for key in self.inventory.owners():
            self.enqueue(key)
        self.enqueue(SWEEP)

    async def close(self) -> None:
        for part in self.parts:
            await part.close()
        await self.systemd.close()

    def local(self, uid: str) -> Local:
        return self._locals.setdefault(uid, Local())

    def forget(self, uid: str) -> None:
        self._locals.pop(uid, None)
        for part in self.parts:
            part.forget(uid)
        self.inventory.forget(uid)

    # Reconcile

    async def sync(self, key: Key, kube: Kube, now: datetime) -> Result:
        """Bring the node to what the Pod says, then the Pod's status to what the node says."""
        if key == SWEEP:
            return await self._sweep(kube)
        pod = kube.get_or_none("v1", "pods", key)
        if pod is not None and pod["spec"].get("nodeName") != self.node_name:
            pod = None
        uid = meta.uid_of(pod) if pod else ""
        others = [record for record in self.inventory.of_key(key) if record.uid != uid]
        for record in others:
            await self.ender.discard(record)
        if others:
            return Result(requeue_after=1.0)  # its units have the same names as the new one's
        if pod is None:
            return DONE
        if meta.is_deleting(pod):
            return await self.ender.terminate(pod, kube, now)
        if _has_ended(pod):
            return await self.ender.retire(pod)
        return await self._run(pod, kube, now)

    async def _sweep(self, kube: Kube) -> Result:
        present = {meta.uid_of(pod) for pod in kube.list("v1", "pods")}
        for uid in self.inventory.nobodys():
            if uid not in present:
                _log.info("removing what is left of Pod %s", uid)
                await self.ender.discard(self.inventory.record(uid))
        self.network.lead_to_api(kube.get_or_none("v1", "services", _API), kube.get_or_none("v1", "endpoints", _API))
        await self.network.apply(self.inventory.host_ports())
        return DONE

    async def _run(self, pod: Object, kube: Kube, now: datetime) -> Result:
        local = self.local(meta.uid_of(pod))
        record = self.inventory.record(meta.uid_of(pod), meta.key_of(dict(pod)))
        if not record.sandbox and (rejection := self._admit(pod)) is not None:
            if rejection.reason == ports.REASON and self._ports_come_free(pod):
                self.forget(record.uid)
                return Result(requeue_after=_INTERIM)
            self.forget(record.uid)
            await kube.patch_status(dict(pod), status.rejected(pod, rejection.reason, rejection.message, now))
            self.tell(pod, None, "Warning", rejection.reason, rejection.message)
            return DONE
        await self.referenced.cover(pod, kube)
        views = observer.look(pod, record, self.systemd, self.paths)
        await observer.explain(pod, views, local.messages, self.paths)
        self._count(pod, views, local)
        result = await self.runner.advance(pod, record, views, local)
        if local.busy() and all(view.doing in ("absent", "starting") for view in views.values()) and not local.told:
            local.told.add(("", "begun"))
            return Result(requeue_after=_INTERIM)  # most are running by then: one status instead of two
        steward.announce(self, pod, views, local)
        self._probe(pod, views)
        await kube.patch_status(dict(pod), status.compute(pod, self.facts(pod, record, views, local), now))
        if any(views[spec["name"]].doing == "starting" for spec, role in plan.containers(pod) if role == "init"):
            # systemd says nothing between the start and the end of a oneshot.
            return Result(requeue_after=min(_INTERIM, result.requeue_after or _INTERIM))
        return result

    def _admit(self, pod: Object) -> Rejection | None:
        meta_, uid = pod["metadata"], meta.uid_of(dict(pod))
        every = [container["name"] for container, _ in plan.containers(pod)]
        scene = Scene(
            names_are_safe=names.is_safe(meta_["namespace"], meta_["name"], uid, every),
            taken_ports={(port.protocol, port.port) for port in self.inventory.host_ports()},
            node=self._node() or {},
            others=[other for other in self.pods() if meta.uid_of(other) != uid and not _has_ended(other)],
        )
        return admit.admit(pod, scene)

    def _ports_come_free(self, pod: Object) -> bool:
        """Whether only Pods that have ended hold the ports: the binder counts them no longer, though they still are."""
        wanted = ports.host_ports(pod)
        holders = [r for r in self.inventory.records() if any((p.protocol, p.port) in wanted for p in r.host_ports)]
        return not any(self._is_active(holder) for holder in holders)

    def _is_active(self, record: Record) -> bool:
        pod = self.pod_at(record.key) if record.key is not None else None
        if pod is None or meta.uid_of(pod) != record.uid:
            return False
        return not _has_ended(pod)

    def _count(self, pod: Object, views: Mapping[str, View], local: Local) -> None:
        for name, view in views.items():
            if name not in local.restarts_before:
                local.restarts_before[name] = plan.restarts_before(pod, name, view)

    def facts(
        self, pod: Object, record: Record, views: Mapping[str, View], local: Local, *, ended: bool = False
    ) -> Facts:
        """What status.compute needs. `ended`: the Pod was stopped."""
        sandbox = self.systemd.state(record.sandbox)
        return Facts(
            pod_ip=record.address,
            host_ips=self.host_ips(),
            has_sandbox=sandbox is not None and sandbox.active == "active",
            is_over=ended or plan.is_over(pod, views),
            reports={
                spec["name"]: self._report(pod, spec, record, views.get(spec["name"], View()), local)
                for spec, _ in plan.containers(pod)
            },
        )

    def _report(self, pod: Object, spec: Object, record: Record, view: View, local: Local) -> Report:
        name, uid = spec["name"], record.uid
        started = self.prober.verdict(uid, name, "startup") if spec.get("startupProbe") else True
        ready = self.prober.verdict(uid, name, "readiness") if spec.get("readinessProbe") else True
        return Report(
            view=view,
            waiting=local.waiting.get(name),
            image=spec.get("image", ""),
            image_id=self.runner.image_id(pod, name, record),
            restarts_before=local.restarts_before.get(name, 0),
            is_ready=bool(ready),
            is_started=bool(started),
        )

    # Facts

    def host_ips(self) -> tuple[str, ...]:
        node = self._node()
        entries = ((node or {}).get("status") or {}).get("addresses") or ()
        found = tuple(entry["address"] for entry in entries if entry.get("type") == "InternalIP")
        return found or (self.machine.gateway,)

    def node_facts(self, record: Record) -> NodeFacts:
        allocatable = ((self._node() or {}).get("status") or {}).get("allocatable") or {}
        ips = (record.address,) if record.address else self.host_ips()
        return NodeFacts(host_ips=self.host_ips(), pod_ips=ips, allocatable=allocatable)

    def _node(self) -> Object | None:
        assert self._kube is not None
        return self._kube.get_or_none("v1", "nodes", Key("", self.node_name))

    def pods(self) -> list[dict[str, Any]]:
        """The Pods bound to this node."""
        assert self._kube is not None
        return [pod for pod in self._kube.list("v1", "pods") if pod["spec"].get("nodeName") == self.node_name]

    def config_map(self, namespace: str, name: str) -> Object | None:
        return self.referenced.get("ConfigMap", namespace, name)

    def secret(self, namespace: str, name: str) -> Object | None:
        return self.referenced.get("Secret", namespace, name)

    def services(self, namespace: str) -> Iterable[Object]:
        assert self._kube is not None
        found = list(self._kube.list("v1", "services", namespace))
        api = self._kube.get_or_none("v1", "services", _API)
        return [*found, api] if api is not None and namespace != _API.namespace else found

    def token(self, pod: Object, audience: str, seconds: int) -> str:
        return self.tokens.get(pod, audience, seconds)

    async def renew_tokens(self, pod: Object) -> float | None:
        """Seconds until that is to be done again."""
        assert self._kube is not None
        return await self.tokens.renew(pod, self._kube, self._kube.clock())

    # News

    def _unit_changed(self, name: str) -> None:
        key = self.inventory.owner(name)
        state = self.systemd.state(name)
        if key is not None and (state is None or (state.active, state.sub) not in _PASSING):
            self.enqueue(key)

    def _probe(self, pod: Object, views: Mapping[str, View]) -> None:
        record = self.inventory.record(meta.uid_of(pod))
        old = {entry["name"]: entry for entry in (pod.get("status") or {}).get("containerStatuses") or ()}
        runs = {}
        for name, view in views.items():
            if view.doing == "running":
                before = old.get(name) or {}
                same = before.get("containerID") == f"podman://{view.container_id}"
                started = datetime.fromtimestamp(view.started, UTC)
                runs[name] = rules.Run(view.invocation, started, before.get("ready") if same else None)
        host = record.address or "127.0.0.1"
        self.prober.sync(record.uid, rules.declared(pod, runs, host))

    def _probed(self, probe: Probe, passed: bool, output: str, changed: bool) -> None:
        record = self.inventory.find(probe.pod_uid)
        pod = self.pod_at(record.key) if record is not None and record.key is not None else None
        if record is None or record.key is None or pod is None or meta.uid_of(pod) != probe.pod_uid:
            return
        if not passed:
            self.tell(pod, probe.container, "Warning", "Unhealthy", rules.event_message(probe.kind, output))
        if changed and not passed and probe.kind in ("liveness", "startup"):
            self.runner.restart(pod, record, probe.container, f"failed {probe.kind} probe, will be restarted")
        if changed:
            self.enqueue(record.key)

    async def _run_exec(self, uid: str, container: str, argv: Sequence[str], seconds: float) -> tuple[int, str]:
        cid = files.read(self.paths.pod_run(uid) / f"{container}.cid").strip()
        return await steward.execute(cid, argv, seconds)

    def pod_at(self, key: Key) -> dict[str, Any] | None:
        """A Pod of this node."""
        assert self._kube is not None
        pod = self._kube.get_or_none("v1", "pods", key)
        return pod if pod is not None and pod["spec"].get("nodeName") == self.node_name else None

    # Events

    def tell(self, pod: Object, container: str | None, type_: str, reason: str, message: str) -> None:
        """An Event about the Pod, or one of its containers."""
        assert self._kube is not None
        path = None
        if container is not None:
            is_init = any(c["name"] == container for c in pod["spec"].get("initContainers") or ())
            path = f"spec.{'initContainers' if is_init else 'containers'}{{{container}}}"
        kind: EventType = "Warning" if type_ == "Warning" else "Normal"
        task = asyncio.create_task(self._kube.event(dict(pod), kind, reason, message, field_path=path))
        self._events.add(task)
        task.add_done_callback(self._events.discard)

    def _notify(self, pod: Object, container: Object, type_: str, reason: str, message: str) -> None:
        self.tell(pod, container["name"], type_, reason, message)


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


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
