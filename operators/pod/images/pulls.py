"""Images of containers: there or not, pulled with back-off, in kubelet's words."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from operators._kube.client import Kube
from operators._node.ports import ImageInfo, Podman, PodmanError
from operators.pod.images import credentials, failures, references, stamp
from operators.pod.images.credentials import Credential
from operators.pod.images.puller import Progress, Puller
from operators.pod.images.records import Records
from operators.pod.part import Part
from operators.pod.sources import Object, Sources
from operators.pod.units.parts import Image

_FIRST_DELAY, _LONGEST_DELAY = 10.0, 300.0
_SHOWN = 2.0  # seconds that ErrImagePull stands before it becomes ImagePullBackOff
_TOLD = 30.0  # seconds between two Events about a pull that goes on
_FRESH = 10.0  # seconds for which one pull does for all that start the container


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container has no image yet: as state.waiting. `again`: look again after so many seconds."""

    reason: str
    message: str
    again: float | None = None


Notify = Callable[[Object, Object, str, str, str], None]
"""Emits an Event: (pod, container, type, reason, message)."""


@dataclass(slots=True)
class _Attempt:
    """Getting one image for one Pod. error: (reason, message). told: reasons of Events that are not repeated."""

    task: asyncio.Task[None] | None = None
    error: tuple[str, str] = ("", "")
    failed_at: float = 0.0
    delay: float = _FIRST_DELAY
    shown_backoff: bool = False
    pulled: Image | None = None
    pulled_at: float = 0.0
    told: set[str] = field(default_factory=set)


class Images(Part):
    """The node's images, as far as they have been asked for. Nothing is asked twice while nothing has changed.

    on_pulled: called after a pull; used: image ID → loop time at which it was last wanted for a container. held: images
    by the Pod that has got them.
    """

    def __init__(
        self,
        podman: Podman,
        notify: Notify,
        wake: Callable[[Object], None],
        *,
        records: Records,
        sources: Sources,
    ) -> None:
        self.podman = podman
        self.records = records
        self.used: dict[str, float] = {}
        self.held: dict[str, set[str]] = {}
        self.on_pulled: Callable[[], None] = lambda: None
        self._notify = notify
        self._wake = wake
        self._sources = sources
        self._puller = Puller(podman, self._recorded)
        self._known: dict[str, Image] = {}
        self._stamp = stamp.take()
        self._attempts: dict[tuple[str, str], _Attempt] = {}

    async def open(self, kube: Kube) -> None:
        await asyncio.to_thread(self.records.open)
        for reference in self.records.cut_off():
            try:
                info = await self.podman.image(reference)
            except PodmanError:
                return  # another time; until then these are not taken for images of other origin
            if info is not None:
                self.records.put_unknown(info.id)
            self.records.end(reference)

    async def close(self) -> None:
        for uid, _ in list(self._attempts):
            self.forget(uid)

    async def need(self, pod: Object, container: Object) -> Image | Waiting:
        """The image of a container about to be started, or why it must wait; starts a pull where one is due."""
        name = container.get("image") or ""
        attempt = self._attempts.setdefault((pod["metadata"]["uid"], name), _Attempt())
        found = await self._need(pod, container, name, attempt)
        if isinstance(found, Image):
            self.used[found.id] = asyncio.get_running_loop().time()
            self.held.setdefault(pod["metadata"]["uid"], set()).add(found.id)
        elif found.reason in _EVENTS and found.reason not in attempt.told:
            attempt.told.add(found.reason)
            self._notify(pod, container, "Warning", _EVENTS[found.reason], found.message)
            self._notify(pod, container, "Warning", "Failed", f"Error: {found.reason}")
        return found

    async def _need(self, pod: Object, container: Object, name: str, attempt: _Attempt) -> Image | Waiting:
        reference = references.normalise(name)
        if reference is None:
            return Waiting("InvalidImageName", references.invalid(name))
        policy = container.get("imagePullPolicy") or "IfNotPresent"
        if attempt.pulled is not None and self._is_fresh(attempt, policy):
            return attempt.pulled
        is_asked = policy == "Always" and not references.is_local(name)
        present = None
        if not is_asked:
            try:
                present = await self._first(references.candidates(name))
            except PodmanError as error:
                return Waiting("ImageInspectError", f'Failed to inspect image "{name}": {error.message}', again=5.0)
        repository = references.repository(reference)
        found = credentials.of_pod(pod, repository, self._sources)
        if found.missing and "secrets" not in attempt.told:
            attempt.told.add("secrets")
            text = f"Unable to retrieve some image pull secrets ({', '.join(found.missing)}); "
            text += "attempting to pull the image may not succeed."
            self._notify(pod, container, "Warning", "FailedToRetrieveImagePullSecret", text)
        if present is not None and (
            references.is_local(present.reference)
            or self.records.may_use(present.id, reference, repository, found.credentials)
        ):
            return present
        if policy == "Never":
            message = f'Container image "{name}" is not present with pull policy of Never'
            return Waiting("ErrImageNeverPull", message, 10.0)
        return self._pulling(pod, container, reference, found.credentials, attempt)

    async def by_id(self, image_id: str) -> Image | None:
        """An image that is there."""
        try:
            return await self._present(image_id)
        except PodmanError:
            return None

    def lost(self, name: str) -> None:
        """The image was not there after all."""
        self._known.clear()
        for (_, wanted), attempt in self._attempts.items():
            if wanted == name:
                attempt.pulled = None

    def forget(self, uid: str) -> None:
        """Ends the Pod's pulls, unless another waits for them too."""
        for image_id in self.held.pop(uid, ()):
            self.used[image_id] = asyncio.get_running_loop().time()
        for key in [key for key in self._attempts if key[0] == uid]:
            attempt = self._attempts.pop(key)
            if attempt.task is not None:
                attempt.task.cancel()

    def was_pulled(self, uid: str, name: str) -> bool:
        """Whether this Pod has fetched the image itself."""
        attempt = self._attempts.get((uid, name))
        return attempt is not None and attempt.pulled is not None

    async def _first(self, names: list[str]) -> Image | None:
        for name in names:
            if (found := await self._present(name)) is not None:
                return found
        return None

    async def _present(self, name: str) -> Image | None:
        now = stamp.take()
        if now != self._stamp:
            self._known.clear()
            self._stamp = now
        if name not in self._known:
            info = await self.podman.image(name)
            if info is None:
                return None
            self._known[name] = describe(info, name)
        return self._known[name]

    def _is_fresh(self, attempt: _Attempt, policy: str) -> bool:
        """What this Pod has pulled is what it runs; with Always, each start looks for a newer one."""
        return policy != "Always" or asyncio.get_running_loop().time() < attempt.pulled_at + _FRESH

    def _pulling(
        self,
        pod: Object,
        container: Object,
        reference: str,
        found: tuple[Credential, ...],
        attempt: _Attempt,
    ) -> Waiting:
        now, name = asyncio.get_running_loop().time(), container["image"]
        has_failed = bool(attempt.error[0])
        if attempt.task is not None:
            return _backoff(name, attempt, None) if has_failed else Waiting("ContainerCreating", "")
        if not has_failed or now >= attempt.failed_at + attempt.delay:
            attempt.task = asyncio.create_task(self._pull(pod, container, reference, found, attempt))
            return _backoff(name, attempt, None) if has_failed else Waiting("ContainerCreating", "")
        if now < attempt.failed_at + _SHOWN:
            return Waiting(*attempt.error, again=_SHOWN)
        if not attempt.shown_backoff:
            attempt.shown_backoff = True
            self._notify(pod, container, "Normal", "BackOff", f'Back-off pulling image "{name}"')
            self._notify(pod, container, "Warning", "Failed", "Error: ImagePullBackOff")
        return _backoff(name, attempt, attempt.failed_at + attempt.delay - now)

    async def _pull(
        self,
        pod: Object,
        container: Object,
        reference: str,
        found: tuple[Credential, ...],
        attempt: _Attempt,
    ) -> None:
        loop, name = asyncio.get_running_loop(), container["image"]
        asked = loop.time()
        self._notify(pod, container, "Normal", "Pulling", f'Pulling image "{name}"')

        def tell(progress: Progress) -> None:
            amount = f", {progress.bytes} bytes of those not complete" if progress.bytes else ""
            text = f'Pulling image "{name}": {progress.layers} layers begun{amount}'
            self._notify(pod, container, "Normal", "Pulling", text)

        try:
            done = await self._puller.pull(reference, found, _TOLD, tell)
        except PodmanError as error:
            attempt.delay = min(attempt.delay * 2, _LONGEST_DELAY) if attempt.error[0] else _FIRST_DELAY
            attempt.error, attempt.failed_at = failures.describe(name, error.message), loop.time()
            attempt.shown_backoff = False
            raw = f"{attempt.error[0]}: " if attempt.error[0] != "ErrImagePull" else ""
            text = f'Failed to pull image "{name}": {raw}{error.message}'
            self._notify(pod, container, "Warning", "Failed", text)
            self._notify(pod, container, "Warning", "Failed", f"Error: {attempt.error[0]}")
        else:
            took, waited = failures.duration(done.took), failures.duration(loop.time() - asked)
            message = f'Successfully pulled image "{name}" in {took} ({waited} including waiting). '
            self._notify(pod, container, "Normal", "Pulled", f"{message}Image size: {done.info.size} bytes.")
            attempt.error, attempt.pulled, attempt.pulled_at = ("", ""), describe(done.info, name), loop.time()
            self.on_pulled()
        finally:
            attempt.task = None
            self._wake(pod)

    @contextlib.contextmanager
    def _recorded(self, reference: str) -> Iterator[Callable[[str, Credential | None], None]]:
        self.records.begin(reference)
        try:
            yield lambda image_id, credential: self.records.put(image_id, references.repository(reference), credential)
        finally:
            self.records.end(reference)


# Reasons for which nothing is pulled, and their Events.
_EVENTS = {
    "InvalidImageName": "InspectFailed",
    "ImageInspectError": "InspectFailed",
    "ErrImageNeverPull": "ErrImageNeverPull",
}


def _backoff(name: str, attempt: _Attempt, again: float | None) -> Waiting:
    reason, message = attempt.error
    return Waiting("ImagePullBackOff", f'Back-off pulling image "{name}": {reason}: {message}', again)


def describe(info: ImageInfo, name: str = "") -> Image:
    """What units and status need to know of an image, asked for by this name."""
    config = info.config
    return Image(
        id=info.id,
        reference=references.identity(name, info.id, info.digests),
        user=str(config.get("User") or ""),
        stop_signal=str(config.get("StopSignal") or "TERM"),
        env=frozenset(entry.partition("=")[0] for entry in config.get("Env") or ()),
        layers=info.layers,
    )
