"""The volumes of this node's Pods: made, kept as the API says, shown to containers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from operators.pod import files
from operators.pod.inventory import Record
from operators.pod.news import News
from operators.pod.objects import Objects
from operators.pod.paths import Paths
from operators.pod.sources import Object
from operators.pod.units.parts import Bind, Device
from operators.pod.volumes import boot, disk, mounts, plan
from operators.pod.volumes.parts import Failure, Mount, Roots, Volume
from operators.pod.volumes.sealing import Sealer

_SLOW = 2  # how many Pods' volumes may be handed to their group at once: each takes a thread for as long as it lasts


class Volumes:
    """`sealer`: keeps what is in memory only for the next boot."""

    def __init__(self, paths: Paths, objects: Objects, news: News, sealer: Sealer) -> None:
        self._paths = paths
        self._objects = objects
        self._news = news
        self._sealer = sealer
        self._slow = asyncio.Semaphore(_SLOW)

    def plan(self, pod: Object, record: Record) -> dict[str, Volume]:
        """The Pod's volumes by name. Where an emptyDir is: Volume.path; its limit in bytes: Volume.size_limit."""
        roots = Roots(
            disk=str(self._paths.pod_state(record.uid) / "volumes"),
            memory=str(self._paths.pod_run(record.uid) / "volumes"),
        )
        return plan.plan(pod, self._objects, roots, self._objects.node_facts(record))

    async def ensure(self, pod: Object, record: Record, environment: Iterable[object]) -> list[Failure]:
        """Makes what the Pod lacks, and what has changed anew. environment: changes with what else is to be sealed."""
        planned = self.plan(pod, record)
        tell = self._teller(pod)
        if any(volume.kind == "claim" and volume.group is not None for volume in planned.values()):
            async with self._slow:
                failures = await asyncio.to_thread(self._make, record.uid, planned, tell)
        else:
            failures = await asyncio.to_thread(self._make, record.uid, planned, tell)
        # A token that was renewed is not worth a write to the disk: the operator renews it again after a boot.
        every = ((v.path, path, file) for v in planned.values() for path, file in v.files.items())
        contents = ((volume, path, b"" if file.is_renewed else file.data) for volume, path, file in every)
        self._sealer.want(record.uid, (*contents, *environment))
        return failures

    def show(self, uid: str, container: str, planned: list[Mount], images: Mapping[str, str]) -> list[Bind]:
        """Writes down what the container's unit does before each start (blocking). images: IDs by volume."""
        target = self._paths.pod_state(uid) / "mounts" / container
        text = boot.mounts(planned)
        if text:
            files.write(target, text, 0o600)
        else:
            target.unlink(missing_ok=True)
        run = self._paths.pod_run(uid)
        return [_bind(mount, boot.pin(run, container, index), images) for index, mount in enumerate(planned)]

    async def release(self, uid: str) -> None:
        """The Pod has ended: what it had in memory goes, its files on the disk stay until its object is deleted."""
        await asyncio.to_thread(disk.release, self._paths.pod_run(uid), self._paths.pod_state(uid))

    def _make(self, uid: str, planned: Mapping[str, Volume], tell: Callable[[str], None]) -> list[Failure]:
        state, run = self._paths.pod_state(uid), self._paths.pod_run(uid)
        failures = disk.ensure(planned.values(), run / "found", tell)
        if text := boot.volumes(planned.values()):
            files.write(state / "volumes.list", text, 0o600)
            (run / "volumes.made").touch()  # gone after a reboot
        return failures

    def _teller(self, pod: Object) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()

        def tell(message: str) -> None:
            reason = "VolumePermissionChangeInProgress"
            loop.call_soon_threadsafe(self._news.tell, pod, None, "Warning", reason, message)

        return tell


def devices(container: Object, planned: Mapping[str, Volume]) -> tuple[Device, ...]:
    """The block devices that the container asks for. Raises sources.Missing, sources.Unsupported."""
    return tuple(Device(*found) for found in mounts.devices(container, planned))


def _bind(mount: Mount, pin: str, images: Mapping[str, str]) -> Bind:
    volume = mount.volume
    if volume.kind == "image":
        return Bind(mount.sub_path, mount.target, read_only=True, image=images[volume.name])
    source = pin if boot.needs_pin(mount) else volume.path
    options = tuple(word for word in volume.options.split(",") if word in ("noexec", "nosuid", "nodev"))
    return Bind(
        source,
        mount.target,
        mount.read_only,
        mount.propagation,
        relabel=volume.is_own and _HAS_SELINUX,
        options=options if volume.kind == "claim" else (),
    )


_HAS_SELINUX = Path("/sys/fs/selinux/enforce").exists()


def own_bind(source: str, target: str) -> Bind:
    """A file that the node keeps for the Pod, which its containers may write."""
    return Bind(source, target, relabel=_HAS_SELINUX)
