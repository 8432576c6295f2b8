"""Images of containers: there or not, pulled with back-off, in kubelet's words."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from operators._node.ports import ImageInfo, Podman, PodmanError
from operators.pod.sources import Object
from operators.pod.units.parts import Image

_FIRST_DELAY, _LONGEST_DELAY = 10.0, 300.0
_SHOWN = 2.0  # seconds that ErrImagePull stands before it becomes ImagePullBackOff
_PARALLEL = 2

# See the grammar of references in the OCI distribution specification and its reference implementation.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_NAME}(?:\.{_NAME})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?P<tag>:\w[-.\w]{0,127})?(?P<digest>@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


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
    """Pulling one image for one Pod."""

    task: asyncio.Task[None] | None = None
    error: str = ""
    failed_at: float = 0.0
    delay: float = _FIRST_DELAY
    shown_backoff: bool = False
    pulled: Image | None = None


class Images:
    """The node's images, as far as they have been asked for. Nothing is asked twice while nothing is pulled."""

    def __init__(self, podman: Podman, notify: Notify, wake: Callable[[Object], None]) -> None:
        self._podman = podman
        self._notify = notify
        self._wake = wake
        self._known: dict[str, Image] = {}
        self._attempts: dict[tuple[str, str], _Attempt] = {}
        self._slots = asyncio.Semaphore(_PARALLEL)

    async def need(self, pod: Object, container: Object) -> Image | Waiting:
        """The image of a container about to be started, or why it must wait; starts a pull where one is due."""
        name = container.get("image") or ""
        if normalise(name) is None:
            cause = f'couldn\'t parse image name "{name}": invalid reference format'
            message = f'Failed to apply default image tag "{name}": {cause}'
            return Waiting("InvalidImageName", message)
        policy = container.get("imagePullPolicy") or "IfNotPresent"
        attempt = self._attempts.get((pod["metadata"]["uid"], name))
        if attempt is not None and attempt.pulled is not None:
            return attempt.pulled
        try:
            present = await self._present(name)
        except PodmanError as error:
            return Waiting("ImageInspectError", f'Failed to inspect image "{name}": {error.message}', again=5.0)
        if present is not None and (policy != "Always" or is_local(name)):
            return present
        if policy == "Never":
            return Waiting(
                "ErrImageNeverPull", f'Container image "{name}" is not present with pull policy of Never', 10.0
            )
        return self._pulling(pod, container, name)

    async def by_id(self, image_id: str) -> Image | None:
        """An image that is there."""
        try:
            return await self._present(image_id)
        except PodmanError:
            return None

    def forget(self, name: str) -> None:
        """The image was not there after all."""
        self._known.pop(name, None)

    def forget_pod(self, uid: str) -> None:
        for key in [key for key in self._attempts if key[0] == uid]:
            attempt = self._attempts.pop(key)
            if attempt.task is not None:
                attempt.task.cancel()

    def was_pulled(self, uid: str, name: str) -> bool:
        """Whether this Pod has fetched the image itself."""
        attempt = self._attempts.get((uid, name))
        return attempt is not None and attempt.pulled is not None

    async def _present(self, name: str) -> Image | None:
        if name not in self._known:
            info = await self._podman.image(name)
            if info is None:
                return None
            self._known[name] = describe(info)
        return self._known[name]

    def _pulling(self, pod: Object, container: Object, name: str) -> Waiting:
        now = asyncio.get_running_loop().time()
        attempt = self._attempts.setdefault((pod["metadata"]["uid"], name), _Attempt())
        if attempt.task is not None:
            return Waiting("ContainerCreating", "")
        if not attempt.error or now >= attempt.failed_at + attempt.delay:
            attempt.task = asyncio.create_task(self._pull(pod, container, name, attempt))
            return Waiting("ContainerCreating", "") if not attempt.error else _backoff(name, attempt, None)
        left = attempt.failed_at + attempt.delay - now
        if now < attempt.failed_at + _SHOWN:
            return Waiting("ErrImagePull", attempt.error, again=_SHOWN)
        if not attempt.shown_backoff:
            attempt.shown_backoff = True
            self._notify(pod, container, "Normal", "BackOff", f'Back-off pulling image "{name}"')
            self._notify(pod, container, "Warning", "Failed", "Error: ImagePullBackOff")
        return _backoff(name, attempt, left)

    async def _pull(self, pod: Object, container: Object, name: str, attempt: _Attempt) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        self._notify(pod, container, "Normal", "Pulling", f'Pulling image "{name}"')
        try:
            async with self._slots:
                begun = loop.time()
                info = await self._podman.pull(normalise(name) or name)
        except PodmanError as error:
            attempt.delay = min(attempt.delay * 2, _LONGEST_DELAY) if attempt.error else _FIRST_DELAY
            attempt.error, attempt.failed_at, attempt.shown_backoff = error.message, loop.time(), False
            self._notify(pod, container, "Warning", "Failed", f'Failed to pull image "{name}": {error.message}')
            self._notify(pod, container, "Warning", "Failed", "Error: ErrImagePull")
        else:
            took, waited = loop.time() - begun, loop.time() - asked
            times = f"{took:.3g}s ({waited:.3g}s including waiting)"
            message = f'Successfully pulled image "{name}" in {times}. Image size: {info.size} bytes.'
            self._notify(pod, container, "Normal", "Pulled", message)
            attempt.error, attempt.pulled = "", describe(info)
            self._known[name] = attempt.pulled
        finally:
            attempt.task = None
            self._wake(pod)


def _backoff(name: str, attempt: _Attempt, again: float | None) -> Waiting:
    message = f'Back-off pulling image "{name}": ErrImagePull: {attempt.error}'
    return Waiting("ImagePullBackOff", message, again)


def normalise(name: str) -> str | None:
    """The full reference that a registry is asked for; None when it is not a reference."""
    match = _REFERENCE.fullmatch(name)
    if match is None or len(name) > 512:
        return None
    domain, path = match["domain"], match["path"]
    if domain is not None and not ("." in domain or ":" in domain or domain == "localhost" or domain != domain.lower()):
        domain, path = None, f"{domain}/{path}"
    if domain is None:
        domain, path = "docker.io", path if "/" in path else f"library/{path}"
    tag, digest = match["tag"] or "", match["digest"] or ""
    return f"{domain}/{path}{tag or ('' if digest else ':latest')}{digest}"


def is_local(name: str) -> bool:
    """`localhost/…` is where podman keeps what was built on this machine: there is no registry to ask."""
    return name.startswith("localhost/")


def describe(info: ImageInfo) -> Image:
    """What units and status need to know of an image."""
    config = info.config
    return Image(
        id=info.id,
        reference=info.digests[0] if info.digests else f"sha256:{info.id}",
        user=str(config.get("User") or ""),
        stop_signal=str(config.get("StopSignal") or "TERM"),
        env=frozenset(entry.partition("=")[0] for entry in config.get("Env") or ()),
        layers=info.layers,
    )
