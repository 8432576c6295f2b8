"""Makes containers ready to start: resolves what they refer to, writes their units."""

import asyncio
import contextlib
import signal
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from operators.pod import files
from operators.pod import inventory as inventories
from operators.pod.environment import basis, file_ref, hosts, resolved, surroundings
from operators.pod.environment.resolved import Resolved
from operators.pod.images.pulls import Waiting
from operators.pod.inventory import Record
from operators.pod.lifecycle import plan, policy
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.standing import AGAIN
from operators.pod.lifecycle.view import View
from operators.pod.part import Part
from operators.pod.sources import Missing, Object, Uncreatable, Unsupported
from operators.pod.status import containers, qos
from operators.pod.units import security, unit
from operators.pod.units.parts import Bind, Container, Image
from operators.pod.volumes import boot, disk, mounts, names, setup
from operators.pod.volumes.parts import Volume
from operators.pod.volumes.setup import own_bind

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet


class Preparer(Part):
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet
        self._images: dict[tuple[str, str], Image] = {}
        self._volume_images: dict[tuple[str, str], dict[str, Image]] = {}

    def image_id(self, pod: Object, container: str, record: Record) -> str:
        """status.imageID: what was found at the start, else what was reported before."""
        if found := self._images.get((record.uid, container)):
            return found.reference
        return str(containers.reported(pod).get(container, {}).get("imageID") or "")

    def volume_images(self, uid: str, container: str) -> dict[str, str]:
        """What its image volumes were found to be at the start, by volume."""
        return {volume: image.reference for volume, image in self._volume_images.get((uid, container), {}).items()}

    def stop_signal(self, pod: Object, spec: Object, record: Record) -> str:
        """status.containerStatuses[].stopSignal, likewise."""
        if found := self._images.get((record.uid, spec["name"])):
            name = unit.stop_signal_of(spec, found.stop_signal)
            return f"SIG{name}" if not name.isdecimal() else signal.Signals(int(name)).name
        return str(containers.reported(pod).get(spec["name"], {}).get("stopSignal") or "")

    def forget(self, uid: str) -> None:
        self._images = {key: value for key, value in self._images.items() if key[0] != uid}
        self._volume_images = {key: value for key, value in self._volume_images.items() if key[0] != uid}

    async def restore(self, pod: Object, record: Record, local: Local, again: list[float]) -> None:
        """Writes again what containers that are up need in memory and a reboot has taken, or what has changed."""
        for name in list(record.units):
            if name not in local.environment:
                local.environment[name] = ""
                if not (self._kubelet.paths.pod_run(record.uid) / "env" / name).exists():
                    await self.prepare(pod, record, [name], local, again)

    async def refresh(self, pod: Object, record: Record, wanted: Collection[str], local: Local) -> None:
        """What containers that are up start with the next time, by systemd alone: a ConfigMap may have changed."""
        objects = self._kubelet.objects
        present = basis.take(pod, names.of(pod), objects, objects.node_facts(record))
        if local.basis == present:
            return
        planned, local.basis = None, present
        for spec, role in plan.containers(pod):
            name, known = spec["name"], record.units.get(spec["name"])
            if known is None or name in wanted or known.hash != unit.restart_hash(spec) or resolved.reads_files(spec):
                continue
            try:
                planned = planned or self._kubelet.volumes.plan(pod, record)
                found = self._resolve(pod, spec, record, planned)
                if local.environment.get(name) == found.mark:
                    continue
                if not local.environment.get(name) and await asyncio.to_thread(
                    files.has_environment, self._kubelet.paths, record.uid, name, found.files, security.settings(spec)
                ):
                    local.environment[name] = found.mark
                elif (image := await self._kubelet.images.by_id(known.image)) is not None:
                    await self._write(pod, spec, role, image, record, local)
                else:
                    local.basis = None  # podman does not answer: another time
            except (Missing, Unsupported, ValueError, OSError):
                continue  # it goes on with what it has

    async def rewrite(self, pod: Object, record: Record, name: str, local: Local) -> None:
        """A container's unit as the Pod is now, for the next start; what cannot be resolved now is left as it was."""
        spec, role = next((spec, role) for spec, role in plan.containers(pod) if spec["name"] == name)
        image = await self._kubelet.images.by_id(record.units[name].image)
        if image is not None:
            with contextlib.suppress(Missing, Unsupported, ValueError):
                await self._write(pod, spec, role, image, record, local)

    async def prepare(
        self,
        pod: Object,
        record: Record,
        wanted: list[str],
        local: Local,
        again: list[float],
        views: Mapping[str, View] | None = None,
    ) -> None:
        local.waiting = {}
        for spec, role in plan.everything(pod):
            name = spec["name"]
            if name not in wanted:
                continue
            if views is not None and resolved.reads_files(spec) and not _are_done(pod, name, views):
                self._withdraw(record, name)  # what it reads is written before it, and it is prepared then
                continue
            image = await self._kubelet.images.need(pod, spec)
            if not isinstance(image, Waiting):
                shown = await self._need_images(pod, spec, self._kubelet.volumes.plan(pod, record))
                image = shown if isinstance(shown, Waiting) else image
            if isinstance(image, Waiting):
                if image.reason != "ContainerCreating":
                    local.waiting[name] = (image.reason, image.message)
                if views is not None:
                    self._withdraw(record, name)
                if image.again is not None:
                    again.append(image.again)
                continue
            try:
                await self._write(pod, spec, role, image, record, local)
            except (Missing, Unsupported, ValueError, OSError) as error:
                message = error.message if isinstance(error, Missing | Unsupported) else str(error)
                if isinstance(error, OSError):  # the disk is full
                    message = disk.words(error)
                is_uncreatable = isinstance(error, Uncreatable | OSError)
                reason = "CreateContainerError" if is_uncreatable else "CreateContainerConfigError"
                local.waiting[name] = (reason, message)
                self._kubelet.news.once(pod, local, name, "Failed", f"Error: {message}")
                again.append(AGAIN)

    async def _write(self, pod: Object, spec: Object, role: str, image: Image, record: Record, local: Local) -> None:
        """The container's unit and all it refers to. Raises Missing, Unsupported, ValueError."""
        kubelet, name = self._kubelet, spec["name"]
        user = await kubelet.guard.check(pod, spec, image)
        planned = kubelet.volumes.plan(pod, record)
        found = self._resolve(pod, spec, record, planned, image)
        shown, target = mounts.plan(spec, planned, found.variables), self._target(pod, spec, record)
        images = await self._need_images(pod, spec, planned)
        if isinstance(images, Waiting):
            raise Missing(images.message)

        def write() -> str:
            """The name of a unit file that had another text before, or ""."""
            kubelet.hooks.write_requests(pod, spec, record.address or kubelet.objects.host_ips()[0])
            ids = {volume: image.id for volume, image in images.items()}
            binds = (*self._own_binds(record, spec), *kubelet.volumes.show(record.uid, name, shown, ids))
            words = (*found.files.words, *security.home(user, {*found.variables, *image.env}))
            container = Container(
                spec,
                role,
                image,
                found.command,
                found.args,
                binds,
                user,
                words,
                target,
                devices=setup.devices(spec, planned),
                isolation=record.isolation,
                has_pins=any(map(boot.needs_pin, shown)),
            )
            units = unit.container(pod, container, qos.compute(pod), kubelet.machine)
            files.write_environment(kubelet.paths, record.uid, name, found.files, security.settings(spec))
            ((unit_name, text),) = units.items()
            before = files.read(kubelet.paths.units / unit_name)
            files.write_units(kubelet.paths, units, boots=role != "ephemeral" and not policy.runs_once(pod))
            put = inventories.Unit(unit_name, role, image.id, unit.restart_hash(spec))
            kubelet.inventory.put_unit(record, name, put)
            return unit_name if before not in ("", text) else ""

        rewritten = await asyncio.to_thread(write)
        self._images[(record.uid, name)] = image
        if images:
            self._volume_images[(record.uid, name)] = images
        local.environment[name] = found.mark
        if rewritten and kubelet.systemd.state(rewritten) is not None:
            await kubelet.systemd.reload()  # it keeps the text of a unit that is loaded

    def _withdraw(self, record: Record, name: str) -> None:
        """Takes back the unit of a container that cannot start now: nobody would remove the file of one forgotten."""
        known = record.units.pop(name, None)
        if known is not None:
            files.remove_unit(self._kubelet.paths, known.name)

    def _target(self, pod: Object, spec: Object, record: Record) -> str:
        """The PID namespace that an ephemeral container asks for. Raises Missing."""
        name = spec.get("targetContainerName")
        if not name:
            return ""
        pid = files.read(self._kubelet.paths.pod_run(record.uid) / f"{name}.pid").strip()
        if not pid.isdecimal():
            raise Missing(f"unable to find target container {name}")
        return f"ns:/proc/{pid}/ns/pid"

    def _resolve(
        self, pod: Object, spec: Object, record: Record, planned: Mapping[str, Volume], image: Image | None = None
    ) -> Resolved:
        """Raises Missing, Unsupported, ValueError."""
        return resolved.resolve(
            pod,
            spec,
            self._kubelet.objects,
            self._kubelet.objects.node_facts(record),
            hostname=hosts.hostname(pod, surroundings.node_hostname()),
            image_names=image.env if image is not None else (),
            files=lambda volume, path: file_ref.read(Path(planned[volume].path), path),
        )

    def _own_binds(self, record: Record, spec: Object) -> list[Bind]:
        """What every container has, unless a volume is mounted in its place."""
        paths, folder = self._kubelet.paths, self._kubelet.paths.pod_state(record.uid)
        taken = {mount["mountPath"].rstrip("/") for mount in spec.get("volumeMounts") or ()}
        own = {
            "/etc/hosts": folder / "etc-hosts",
            "/etc/resolv.conf": folder / "resolv.conf",
            "/etc/hostname": folder / "hostname",
        }
        log = spec.get("terminationMessagePath") or "/dev/termination-log"
        if log not in taken:
            own[log] = files.make_termination_log(paths, record.uid, spec["name"])
        return [own_bind(str(source), target) for target, source in own.items() if target not in taken]

    async def _need_images(
        self, pod: Object, spec: Object, planned: Mapping[str, Volume]
    ) -> dict[str, Image] | Waiting:
        """The images that the container mounts, by volume: pulled as its own is."""
        found: dict[str, Image] = {}
        for volume in mounts.images(spec, planned):
            assert volume.image is not None
            asked = {**spec, "image": volume.image.reference, "imagePullPolicy": volume.image.policy}
            image = await self._kubelet.images.need(pod, asked)
            if isinstance(image, Waiting):
                return image
            found[volume.name] = image
        return found


def _are_done(pod: Object, name: str, views: Mapping[str, View]) -> bool:
    """Whether the init containers before this one have ended, or run as sidecars."""
    before = (views.get(other, View()) for other in unit.predecessors(pod, name))
    return all(view.doing == "running" or (view.doing == "exited" and view.exits[-1].code == 0) for view in before)
