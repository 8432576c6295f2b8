"""Removes images nobody uses when the disk is full, the one that was not used for the longest time first.

Only what this node has pulled itself: whoever brought the rest to podman's store may have no registry to get it from
again. See the Kubernetes page "Garbage Collection", "Garbage collection of unused containers and images".
"""

import asyncio
import contextlib
import fnmatch
import logging
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operators._kube.client import Kube
from operators._node.ports import ImageInfo, PodmanError
from operators.pod.images import references
from operators.pod.images.pulls import Images
from operators.pod.part import Part

_log = logging.getLogger("ukube.pod")

STORE = Path("/var/lib/containers/storage")
_AGAIN = 300.0  # seconds between two looks while there is a reason to look
_PIN_LABEL = "io.cri-containerd.pinned"


@dataclass(frozen=True, slots=True)
class Policy:
    """high, low: percent of the file system in use, from where and down to where images are removed. min_age, max_age:
    seconds; 0 for max_age: no image is too old. pinned: patterns of names."""

    high: float = 85.0
    low: float = 80.0
    min_age: float = 120.0
    max_age: float = 0.0
    pinned: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Policy":
        """Raises ValueError for what makes no sense."""
        default = cls()
        policy = cls(
            high=float(environment.get("UKUBE_IMAGE_GC_HIGH") or default.high),
            low=float(environment.get("UKUBE_IMAGE_GC_LOW") or default.low),
            max_age=float(environment.get("UKUBE_IMAGE_MAX_AGE") or default.max_age),
            pinned=tuple((environment.get("UKUBE_PINNED_IMAGES") or "").replace(",", " ").split()),
        )
        if not 0 <= policy.low <= policy.high <= 100 or policy.max_age < 0:
            raise ValueError(
                "UKUBE_IMAGE_GC_LOW must not be above UKUBE_IMAGE_GC_HIGH, both from 0 to 100, and "
                "UKUBE_IMAGE_MAX_AGE not below 0"
            )
        return policy


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of the file system that images are on."""

    capacity: int
    available: int

    @property
    def used_percent(self) -> float:
        return 100.0 - self.available * 100.0 / self.capacity


def excess(disk: Disk, policy: Policy) -> int:
    """How many bytes are to be freed; 0 below the high threshold (pure)."""
    if disk.used_percent < policy.high:
        return 0
    return max(0, int(disk.capacity * (100.0 - policy.low) / 100.0) - disk.available)


def is_pinned(image: ImageInfo, policy: Policy) -> bool:
    """Whether an image stays whatever happens (pure)."""
    labels = image.config.get("Labels") or {}
    return (
        labels.get(_PIN_LABEL) == "pinned"
        or any(references.is_local(name) for name in image.names)
        or any(fnmatch.fnmatchcase(name, pattern) for name in image.names for pattern in policy.pinned)
    )


class Collector(Part):
    """in_use: gives IDs and names of images of Pods that are here. tell: emits an Event about the node: (reason,
    message)."""

    def __init__(
        self,
        images: Images,
        in_use: Callable[[], Collection[str]],
        tell: Callable[[str, str], None],
        *,
        policy: Policy | None = None,
        disk: Callable[[], Disk] | None = None,
    ) -> None:
        self._podman, self._records, self._used = images.podman, images.records, images.used
        self._in_use, self._tell = in_use, tell
        self._policy = policy or Policy.read(os.environ)
        self._disk = disk or read_disk
        images.on_pulled = self._pulled
        self._opened = 0.0
        self._sweeps = False
        self._failures = 0
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._nudged = asyncio.Event()

    async def open(self, kube: Kube) -> None:
        self._opened = asyncio.get_running_loop().time()
        self.nudge()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def nudge(self) -> None:
        """Has a look taken in the background now, and again while there is a reason."""
        self._nudged.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    def _pulled(self) -> None:
        self._sweeps = True  # podman is awake
        self.nudge()

    async def _work(self) -> None:
        while True:
            self._nudged.clear()
            is_due = await self.look()
            if not (is_due or self._policy.max_age):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN):
                    await self._nudged.wait()

    async def look(self) -> bool:
        """Removes images if the disk is too full or they are too old; whether it is still too full after that."""
        try:
            if self._policy.max_age:
                await self._collect(0, oldest=asyncio.get_running_loop().time() - self._policy.max_age)
            elif self._sweeps:
                await self._present()
            self._sweeps = False
            disk = await asyncio.to_thread(self._disk)
            wanted = excess(disk, self._policy)
            if not wanted:
                self._failures = 0
                return False
            freed = await self.collect(wanted)
        except (PodmanError, OSError) as error:
            self._failed(f"failed to get image stats: {error}")
            return True
        if freed < wanted:
            text = "Failed to garbage collect required amount of images. Attempted to free "
            text += f"{wanted} bytes, but only found {freed} bytes eligible to free."
            self._tell("FreeDiskSpaceFailed", text)
            self._failed(text)
        else:
            self._failures = 0
        return True

    async def collect(self, wanted: int) -> int:
        """Removes images until that many bytes are free; how many are. Raises PodmanError."""
        return await self._collect(wanted, oldest=float("-inf"))

    async def _collect(self, wanted: int, oldest: float) -> int:
        """oldest: images that were last used before go in any case."""
        async with self._lock:
            freed = 0
            for image in await self._eligible():
                if freed >= wanted and self._last_used(image.id) >= oldest:
                    break
                if await self._remove(image):
                    freed += image.size
            return freed

    async def _eligible(self) -> list[ImageInfo]:
        """What may go, the one that was not used for the longest time first."""
        now = asyncio.get_running_loop().time()
        present = await self._present()
        in_use = set(self._in_use())
        for image in present:
            if _is_among(image, in_use):
                self._used[image.id] = now
        old = now - self._policy.min_age
        found = [
            image
            for image in present
            if not _is_among(image, in_use)
            and self._records.has(image.id)
            and not is_pinned(image, self._policy)
            and self._last_used(image.id) <= old
        ]
        return sorted(found, key=lambda image: (self._last_used(image.id), image.id))

    async def _present(self) -> list[ImageInfo]:
        """podman's images. What is known of others is dropped."""
        known = self._records.ids()
        present = await self._podman.images()
        for image_id in known - {image.id for image in present}:
            self._forget(image_id)
        return present

    async def _remove(self, image: ImageInfo) -> bool:
        if _is_among(image, set(self._in_use())):  # while others were removed
            return False
        try:
            for name in image.names or (image.id,):
                await self._podman.remove(name)
        except PodmanError as error:
            _log.warning("image %s is not removed: %s", image.id[:12], error.message)
            return False
        _log.info("removed image %s (%s)", image.id[:12], ", ".join(image.names) or "without a name")
        self._forget(image.id)
        return True

    def _forget(self, image_id: str) -> None:
        self._used.pop(image_id, None)
        self._records.remove(image_id)

    def _last_used(self, image_id: str) -> float:
        """What this operator has not seen in use was used, for all it knows, until it began."""
        return self._used.get(image_id, self._opened)

    def _failed(self, text: str) -> None:
        """The first failure may be one of starting up; it is told when it stays."""
        self._failures += 1
        if self._failures > 1:
            self._tell("ImageGCFailed", text)
        _log.warning("images are not collected: %s", text)


def _is_among(image: ImageInfo, wanted: Collection[str]) -> bool:
    return any(name in wanted for name in (image.id, *image.names, *image.digests))


def read_disk(store: Path = STORE) -> Disk:
    """Raises OSError."""
    found: Any = os.statvfs(store if store.exists() else "/")
    return Disk(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)
