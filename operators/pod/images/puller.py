"""Fetches images: a few at a time, each once for all who ask for it at the same time."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from operators._node.ports import ImageInfo, Podman, PodmanError
from operators.pod.images import downloads
from operators.pod.images.credentials import Credential

PARALLEL = 2
_LOOK = 15.0  # seconds between two looks at what has come
_STALLED = 600.0  # seconds without anything coming, after which a pull is given up

Credentials = Sequence[Credential]


@dataclass(frozen=True, slots=True)
class Pulled:
    """took: seconds, without the wait for others. credential: what the registry accepted, None: it asked for none."""

    info: ImageInfo
    took: float
    credential: Credential | None


@dataclass(slots=True)
class Progress:
    """layers: begun so far. bytes: that have come of layers not complete; 0 when that cannot be told apart."""

    layers: int = 0
    bytes: int = 0
    has_begun: bool = False


@dataclass(slots=True)
class _Shared:
    task: asyncio.Task[Pulled]
    progress: Progress
    waiting: int = 0


@dataclass(slots=True)
class Puller:
    """`enclose`: a context for each try. What it gives is called with (image ID, credential) of a success, in a thread,
    before anybody is told.
    """

    podman: Podman
    enclose: Callable[[str], contextlib.AbstractContextManager[Callable[[str, Credential | None], None]]]
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL))
    _running: dict[tuple[str, tuple[Credential, ...]], _Shared] = field(default_factory=dict)

    async def pull(
        self, reference: str, credentials: Credentials, every: float, tell: Callable[[Progress], None]
    ) -> Pulled:
        """`tell`: called while it goes on, with seconds of `every` between. Raises PodmanError.

        A pull that nobody waits for any more is ended.
        """
        key = (reference, tuple(credentials))
        shared = self._running.get(key)
        if shared is None:
            progress = Progress()
            task = asyncio.create_task(self._pull(reference, credentials, progress))
            shared = self._running[key] = _Shared(task, progress)
            task.add_done_callback(lambda _: self._running.pop(key, None))
        shared.waiting += 1
        try:
            while not (await asyncio.wait({shared.task}, timeout=every))[0]:
                if shared.progress.has_begun:
                    tell(shared.progress)
            return shared.task.result()
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                self._running.pop(key, None)
                shared.task.cancel()

    async def _pull(self, reference: str, credentials: Credentials, progress: Progress) -> Pulled:
        loop = asyncio.get_running_loop()
        async with self._slots:
            progress.has_begun, begun = True, loop.time()
            errors: list[PodmanError] = []
            for credential in credentials or (None,):
                try:
                    info = await self._attempt(reference, credential, progress)
                except (PodmanError, OSError) as error:
                    errors.append(error if isinstance(error, PodmanError) else PodmanError(0, str(error)))
                else:
                    return Pulled(info, loop.time() - begun, credential)
        if len(errors) == 1:
            raise errors[0]
        raise PodmanError(errors[-1].status, f"[{', '.join(dict.fromkeys(error.message for error in errors))}]")

    async def _attempt(self, reference: str, credential: Credential | None, progress: Progress) -> ImageInfo:
        def line(text: str) -> None:
            progress.layers += text.startswith("Copying blob")

        with self.enclose(reference) as record:
            is_alone = len(self._running) == 1
            before = await asyncio.to_thread(downloads.folders)
            header = credential.header if credential is not None else ""
            pull = asyncio.create_task(self.podman.pull(reference, header, line))
            try:
                await self._watch(pull, before, progress, is_alone=is_alone)
                info = await pull
            finally:
                pull.cancel()
            await asyncio.to_thread(record, info.id, credential)
            return info

    async def _watch(
        self, pull: asyncio.Task[ImageInfo], before: frozenset[str], progress: Progress, *, is_alone: bool
    ) -> None:
        """Returns when it is done. Raises PodmanError when nothing comes for a long time."""
        loop = asyncio.get_running_loop()
        last, since = (0, 0), loop.time()
        while not (await asyncio.wait({pull}, timeout=_LOOK))[0]:
            size = await asyncio.to_thread(downloads.size, before)
            progress.bytes = size if is_alone and len(self._running) == 1 else 0
            if (progress.layers, size) != last:
                last, since = (progress.layers, size), loop.time()
            elif loop.time() - since > _STALLED:
                raise PodmanError(0, f"no progress in {_STALLED / 60:.0f}m0s: the pull was given up")
