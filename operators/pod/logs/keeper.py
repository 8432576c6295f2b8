"""Looks after the logs of containers that write: the kernel says which do; for the others nothing wakes up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from operators._kube.client import Kube
from operators._node import inotify
from operators.pod.endpoint import attach
from operators.pod.inventory import Inventory
from operators.pod.logs import limits, rotation
from operators.pod.part import Part
from operators.pod.paths import Paths

_log = logging.getLogger("ukube.logs")

# Seconds between the first line that is written and a look: as kubelet's containerLogMonitorInterval at most, sooner
# for a log that would have grown too long by then.
_LONGEST, _SHORTEST = 10.0, 1.0
_NEW = inotify.CREATE | inotify.MOVED_TO | inotify.ONLY_DIRECTORY | inotify.DONT_FOLLOW
_WRITTEN = inotify.MODIFY | _NEW | inotify.ONE_SHOT


@dataclass(slots=True)
class _Folder:
    """Of one container. size, at: of its log at the last look (loop time). pace: seconds until the next one."""

    path: Path
    size: int = 0
    at: float = 0.0
    pace: float = _SHORTEST
    timer: asyncio.TimerHandle | None = None


class LogKeeper(Part):
    """root/POD/CONTAINER/RUN.log."""

    def __init__(self, paths: Paths, inventory: Inventory, bundle: Callable[[str], Path | None] | None = None) -> None:
        self._paths = paths
        self._inventory = inventory
        self._bundle = bundle or _conmon
        self._inotify: inotify.Inotify | None = None
        self._pods: dict[int, Path] = {}
        self._watched: dict[int, _Folder] = {}
        self._folders: dict[Path, _Folder] = {}
        self._one_at_a_time = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    async def open(self, kube: Kube) -> None:
        await asyncio.to_thread(self._paths.logs.mkdir, parents=True, exist_ok=True)
        self._inotify = inotify.Inotify(self._seen)
        self._root = self._inotify.add(self._paths.logs, _NEW)
        self._look_for_pods()

    async def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        for folder in self._folders.values():
            if folder.timer is not None:
                folder.timer.cancel()
        for task in self._running:
            task.cancel()

    # What the kernel says

    def _seen(self, event: inotify.Event) -> None:
        if event.mask & inotify.OVERFLOW:
            self._look_for_pods()
        elif event.mask & inotify.IGNORED:  # removed; or told once, and not watched since
            self._pods.pop(event.watch, None)
            if (folder := self._watched.pop(event.watch, None)) is not None and folder.timer is None:
                self._folders.pop(folder.path, None)
        elif event.watch in self._watched:
            self._plan(self._watched[event.watch])
        elif event.watch == self._root and event.mask & inotify.IS_DIR:
            self._watch_pod(self._paths.logs / event.name)
        elif event.watch in self._pods and event.mask & inotify.IS_DIR:
            self._watch_container(self._pods[event.watch] / event.name)

    def _look_for_pods(self) -> None:
        for path in _folders(self._paths.logs):
            self._watch_pod(path)

    def _watch_pod(self, path: Path) -> None:
        watch = self._add(path, _NEW)
        if watch is not None:
            self._pods[watch] = path
            for inner in _folders(path):
                self._watch_container(inner)

    def _watch_container(self, path: Path) -> None:
        """It may have been written to before: it is looked at in any case."""
        folder = self._folders.setdefault(path, _Folder(path, at=asyncio.get_running_loop().time()))
        if self._arm(folder):
            self._plan(folder)
        else:
            self._folders.pop(path, None)

    def _arm(self, folder: _Folder) -> bool:
        watch = self._add(folder.path, _WRITTEN)
        if watch is not None:
            self._watched[watch] = folder
        return watch is not None

    def _add(self, path: Path, mask: int) -> int | None:
        assert self._inotify is not None
        try:
            return self._inotify.add(path, mask)
        except FileNotFoundError:
            return None
        except OSError as error:  # as many watches as the kernel allows (fs.inotify.max_user_watches)
            _log.warning("logs in %s are not rotated: %s", path, error)
            return None

    # What is done about it

    def _plan(self, folder: _Folder) -> None:
        if folder.timer is None:
            folder.timer = asyncio.get_running_loop().call_later(folder.pace, self._begin, folder)

    def _begin(self, folder: _Folder) -> None:
        task = asyncio.create_task(self._tend(folder))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _tend(self, folder: _Folder) -> None:
        async with self._one_at_a_time:
            folder.timer = None
            if not self._arm(folder):  # from here on it is told of again; the Pod may be gone
                self._folders.pop(folder.path, None)
                return
            try:
                was, size = await asyncio.to_thread(
                    rotation.tidy, folder.path, self._connect(folder.path), datetime.now(UTC)
                )
            except OSError as error:
                _log.warning("logs in %s are not rotated: %s", folder.path, error)
                return
        now = asyncio.get_running_loop().time()
        folder.pace = pace(was - folder.size, limits.MAX_SIZE - size, now - folder.at)
        folder.size, folder.at = size, now

    def _connect(self, path: Path) -> rotation.Connect:
        return lambda: rotation.connect(self._bundle_of(path))

    def _bundle_of(self, path: Path) -> Path | None:
        """The folder of the container's conmon."""
        for record in self._inventory.records():
            if record.key is None:
                continue
            for container in record.units:
                if self._paths.log_dir(record.key.namespace, record.key.name, record.uid, container) == path:
                    return self._bundle(_read(self._paths.pod_run(record.uid) / f"{container}.cid"))
        return None


def _conmon(container_id: str) -> Path | None:
    """Where podman keeps what its conmon listens to, whichever runtime the container has."""
    return attach.directory_of(container_id) if container_id else None


def pace(grown: int, left: int, seconds: float) -> float:
    """Seconds until a log that grew like this takes up what is left of its length (pure)."""
    if grown <= 0 or seconds <= 0:
        return _LONGEST
    return min(max(left * seconds / grown, _SHORTEST), _LONGEST)


def _folders(path: Path) -> Iterable[Path]:
    try:
        return [inner for inner in path.iterdir() if inner.is_dir() and not inner.is_symlink()]
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
