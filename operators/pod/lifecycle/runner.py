"""Brings a Pod's containers up: resolves what they refer to, writes their units, has systemd start them."""

import asyncio
import hashlib
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from operators._kube.controller import Result
from operators._node.network import Exhausted
from operators._node.ports import SystemdError
from operators.pod import files, network, status
from operators.pod import inventory as inventories
from operators.pod.environment import dns, env, env_file, hosts
from operators.pod.images.pulls import Waiting
from operators.pod.inventory import Record
from operators.pod.lifecycle import plan
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.view import View
from operators.pod.part import Part
from operators.pod.sources import Missing, Object, SandboxError, Unsupported
from operators.pod.units import unit
from operators.pod.units.parts import Bind, Container, Image
from operators.pod.volumes import disk
from operators.pod.volumes import plan as volumes
from operators.pod.volumes.plan import Volume

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

_NO_IMAGE = "image not known"  # podman's words
_SLOTS = 4  # two for each core of a small machine: more at once makes all of them slower
_SLOT_SECONDS = 5.0  # an init container may run for hours, and must not keep others waiting
_AGAIN = 10.0
_NEVER_PULLED = {"InvalidImageName": "InspectFailed", "ErrImageNeverPull": "ErrImageNeverPull"}  # and their Events


class Runner(Part):
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet
        self._slots = asyncio.Semaphore(_SLOTS)
        self._images: dict[tuple[str, str], str] = {}

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
        if not await self._stand(pod, record, local, again):
            return Result(requeue_after=min(again, default=None))
        await self._restore(pod, record, local, again)
        if wanted:
            await self._prepare(pod, record, wanted, local, again)
            self._start(pod, record, views, wanted, local, again)
        return Result(requeue_after=min(again, default=None))

    def _refetch(self, pod: Object, record: Record, views: Mapping[str, View]) -> None:
        """A container whose image was removed underneath it starts over, with the image looked for again."""
        for spec, _ in plan.containers(pod):
            view = views[spec["name"]]
            ended = view.exits[-1] if view.exits else None
            is_gone = ended is not None and ended.started == 0.0 and _NO_IMAGE in ended.message
            if is_gone and view.doing == "backoff":
                self._kubelet.images.forget(spec.get("image", ""))
                self.restart(pod, record, spec["name"], "lost its image, will be restarted")

    def image_id(self, pod: Object, container: str, record: Record) -> str:
        """status.imageID: what was found at the start, else what was reported before."""
        if found := self._images.get((record.uid, container)):
            return found
        old = pod.get("status") or {}
        entries = [*(old.get("initContainerStatuses") or ()), *(old.get("containerStatuses") or ())]
        return next((str(entry.get("imageID") or "") for entry in entries if entry["name"] == container), "")

    def forget(self, uid: str) -> None:
        self._images = {key: value for key, value in self._images.items() if key[0] != uid}

    # The Pod as a whole

    async def _stand(self, pod: Object, record: Record, local: Local, again: list[float]) -> bool:
        """Makes the Pod's folders, sandbox and volumes; False when its containers must wait for something."""
        names = [container["name"] for container, _ in plan.containers(pod)]
        try:
            if not record.sandbox:
                await self._make_sandbox(pod, record)
            if (renewal := await self._kubelet.renew_tokens(pod)) is not None:
                again.append(renewal)
            planned = self._volumes(pod, record)
            await asyncio.to_thread(disk.ensure, list(planned.values()))
            self._seal(pod, record, planned, local)
        except (Missing, Unsupported) as error:
            waiting = ("PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating", "")
            local.waiting = dict.fromkeys(names, waiting)
            self._once(pod, local, None, "FailedMount", f"MountVolume.SetUp failed: {error.message}")
            again.append(_AGAIN)
            return False
        except (Exhausted, SandboxError) as error:
            local.waiting = dict.fromkeys(names, ("ContainerCreating", ""))
            self._once(pod, local, None, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            again.append(_AGAIN)
            return False
        return True

    def _seal(self, pod: Object, record: Record, planned: Mapping[str, Volume], local: Local) -> None:
        # A token that was renewed is not worth a write to the disk: the operator renews it again after a boot.
        every = ((v.path, path, file) for v in planned.values() for path, file in v.files.items())
        contents = ((volume, path, b"" if file.is_renewed else file.data) for volume, path, file in every)
        self._kubelet.sealer.want(record.uid, (*contents, *sorted(local.environment.items())))
        memory = [f"{v.path} {v.size_limit or ''}\n" for v in planned.values() if v.kind == "memory"]
        if memory:
            files.write(self._kubelet.paths.pod_state(record.uid) / "memory", "".join(memory))

    def _volumes(self, pod: Object, record: Record) -> dict[str, Volume]:
        kubelet = self._kubelet
        roots = volumes.Roots(
            disk=str(kubelet.paths.pod_state(record.uid) / "volumes"),
            memory=str(kubelet.paths.pod_run(record.uid) / "volumes"),
        )
        return volumes.plan(pod, kubelet, roots, kubelet.node_facts(record))

    async def _make_sandbox(self, pod: Object, record: Record) -> None:
        kubelet, qos = self._kubelet, status.qos_class(pod)
        address = "" if pod["spec"].get("hostNetwork") else kubelet.network.address(kubelet.inventory)
        ports = network.host_ports(pod, address)
        slice_units = unit.slice_(pod, qos)
        sandbox = unit.sandbox(pod, qos, address, kubelet.machine, inventories.dump_ports(ports))
        record.slice = next(iter(slice_units))
        kubelet.inventory.put_sandbox(record, next(iter(sandbox)), address, ports)
        try:
            await asyncio.to_thread(self._write_base, pod, record, {**slice_units, **sandbox})
        except BaseException:
            kubelet.inventory.put_sandbox(record, "", "", ())
            raise
        if ports:
            await kubelet.network.apply(kubelet.inventory.host_ports())

    def _write_base(self, pod: Object, record: Record, units: Mapping[str, str]) -> None:
        paths = self._kubelet.paths
        files.make_folders(paths, record.uid)
        folder = paths.pod_state(record.uid)
        ips = (record.address,) if record.address else self._kubelet.host_ips()
        files.write(folder / "etc-hosts", hosts.etc_hosts(pod, ips, files.read(Path("/etc/hosts"))))
        files.write(folder / "resolv.conf", dns.resolv_conf(pod, files.read(Path("/etc/resolv.conf")))[0])
        files.write(folder / "hostname", hosts.hostname(pod, socket.gethostname()) + "\n")
        files.write_units(paths, units)

    async def _restore(self, pod: Object, record: Record, local: Local, again: list[float]) -> None:
        """Writes again what containers that are up need in memory and a reboot has taken, or what has changed."""
        for name in list(record.units):
            if name not in local.environment:
                local.environment[name] = ""
                if not (self._kubelet.paths.pod_run(record.uid) / "env" / name).exists():
                    await self._prepare(pod, record, [name], local, again)

    # One container

    async def _prepare(self, pod: Object, record: Record, wanted: list[str], local: Local, again: list[float]) -> None:
        local.waiting = {}
        for spec, role in plan.containers(pod):
            name = spec["name"]
            if name not in wanted:
                continue
            image = await self._kubelet.images.need(pod, spec)
            if isinstance(image, Waiting):
                if image.reason != "ContainerCreating":
                    local.waiting[name] = (image.reason, image.message)
                    if image.reason in _NEVER_PULLED:
                        self._once(pod, local, name, _NEVER_PULLED[image.reason], image.message)
                        self._once(pod, local, name, "Failed", f"Error: {image.reason}")
                record.units.pop(name, None)
                if image.again is not None:
                    again.append(image.again)
                continue
            try:
                await self._write(pod, spec, role, image, record, local)
            except (Missing, Unsupported, ValueError) as error:
                message = error.message if isinstance(error, Missing | Unsupported) else str(error)
                local.waiting[name] = ("CreateContainerConfigError", message)
                self._once(pod, local, name, "Failed", f"Error: {message}")
                again.append(_AGAIN)

    async def _write(self, pod: Object, spec: Object, role: str, image: Image, record: Record, local: Local) -> None:
        """The container's unit and all it refers to. Raises Missing, Unsupported, ValueError."""
        kubelet, name = self._kubelet, spec["name"]
        check_user(pod, spec, image)
        variables = env.resolve(pod, spec, kubelet, kubelet.node_facts(record))
        command, args = env.command(spec, variables)
        variables.setdefault("HOSTNAME", hosts.hostname(pod, socket.gethostname()))
        if clash := env_file.unsettable(variables, image.env):
            raise Unsupported(f"variable {clash[0]} has more than one line and is also set by the image")
        mounts = volumes.mounts(spec, (planned := self._volumes(pod, record)), variables)
        _, conf = env_file.render(variables)

        def write() -> None:
            binds = tuple(self._binds(pod, record, spec, mounts, planned))
            resolved = Container(spec, role, image, command, args, binds, has_conf=bool(conf))
            units = unit.container(pod, resolved, status.qos_class(pod), kubelet.machine)
            files.write_environment(kubelet.paths, record.uid, name, variables)
            files.write_units(kubelet.paths, units)
            found = inventories.Unit(next(iter(units)), role, image.id, unit.restart_hash(spec))
            kubelet.inventory.put_unit(record, name, found)

        await asyncio.to_thread(write)
        self._images[(record.uid, name)] = image.reference
        local.environment[name] = hashlib.sha256(repr(variables).encode()).hexdigest()

    def _binds(
        self, pod: Object, record: Record, spec: Object, mounts: list[volumes.Mount], planned: Mapping[str, Volume]
    ) -> list[Bind]:
        paths, name = self._kubelet.paths, spec["name"]
        folder = paths.pod_state(record.uid)
        taken = {mount.target.rstrip("/") for mount in mounts}
        own = {
            "/etc/hosts": folder / "etc-hosts",
            "/etc/resolv.conf": folder / "resolv.conf",
            "/etc/hostname": folder / "hostname",
        }
        binds = [Bind(str(source), target) for target, source in own.items() if target not in taken]
        log = spec.get("terminationMessagePath") or "/dev/termination-log"
        if log not in taken:
            binds.append(Bind(str(files.make_termination_log(paths, record.uid, name)), log))
        by_path = {volume.path: volume for volume in planned.values()}
        for index, mount in enumerate(mounts):
            pin = paths.pod_run(record.uid) / "pins" / name / str(index)
            source = disk.resolve(mount, pin, is_files=by_path[mount.source].kind == "files")
            binds.append(Bind(source, mount.target, mount.read_only, mount.propagation))
        return binds

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
        for name in wanted:
            is_busy = (task := local.starts.get(name)) is not None and not task.done()
            if is_busy or name in local.waiting or not plan.is_startable(pod, name, record.units):
                continue
            delay = local.not_before.get(name, 0.0) - now
            if delay > 0:
                again.append(delay)
                view = views[name]
                report = status.Report(view)
                if view.exits:
                    local.waiting[name] = ("CrashLoopBackOff", status.backoff_message(pod, name, report))
                continue
            local.ended_by_us.discard(name)
            task = local.starts[name] = asyncio.create_task(self._start_unit(record.units[name].name))
            task.add_done_callback(lambda done, name=name: self._started(pod, record, local, name, done))  # type: ignore[misc]

    async def _start_unit(self, name: str) -> str:
        async with self._slots:
            job = asyncio.create_task(self._kubelet.systemd.start(name))
            await asyncio.wait({job}, timeout=_SLOT_SECONDS)
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
                self._once(pod, local, None, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {text}")
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

    def restart(self, pod: Object, record: Record, name: str, why: str) -> None:
        """Ends a container within its grace period; it is started again when it is gone."""
        local, known = self._kubelet.local(record.uid), record.units.get(name)
        if known is None or ((task := local.stops.get(name)) is not None and not task.done()):
            return
        self._kubelet.tell(pod, name, "Normal", "Killing", f"Container {name} {why}")
        local.ended_by_us.add(name)
        local.stops[name] = asyncio.create_task(self._end(record, name, known.name, local))

    async def _end(self, record: Record, name: str, unit_name: str, local: Local) -> None:
        run, state = self._kubelet.paths.pod_run(record.uid), self._kubelet.paths.pod_state(record.uid)
        (run / "restart").touch()
        try:
            await self._kubelet.systemd.stop(unit_name)
        finally:
            (run / "restart").unlink(missing_ok=True)
            (state / "done" / name).unlink(missing_ok=True)
        ended = len(files.read(run / "exits" / name).splitlines())
        local.not_before[name] = asyncio.get_running_loop().time() + (
            0.0 if ended <= 1 else float(status.backoff_seconds(ended - 1))
        )
        if record.key is not None:
            self._kubelet.enqueue(record.key)

    def _once(self, pod: Object, local: Local, container: str | None, reason: str, *messages: str) -> None:
        for message in messages:
            if (reason, f"{container}:{message}") not in local.told:
                local.told.add((reason, f"{container}:{message}"))
                self._kubelet.tell(pod, container, "Warning", reason, message)


def check_user(pod: Object, spec: Object, image: Image) -> None:
    """runAsNonRoot, in kubelet's words. Raises Missing."""
    whole, own = pod["spec"].get("securityContext") or {}, spec.get("securityContext") or {}
    if not own.get("runAsNonRoot", whole.get("runAsNonRoot")):
        return
    user = own.get("runAsUser", whole.get("runAsUser"))
    meta = pod["metadata"]
    where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {spec["name"]})'
    if user == 0:
        raise Missing(f"container's runAsUser breaks non-root policy {where}")
    if user is None:
        name = image.user.partition(":")[0]
        if name in ("", "0", "root"):
            raise Missing(f"container has runAsNonRoot and image will run as root {where}")
        if not name.isdecimal():
            cause = f"image has non-numeric user ({name}), cannot verify user is non-root"
            raise Missing(f"container has runAsNonRoot and {cause} {where}")
