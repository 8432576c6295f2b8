"""The folder of manifests, followed by inotify; a file that can't be read as a Pod leaves what it was before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from operators._node import inotify
from operators.pod.staticpods import manifest

_log = logging.getLogger("ukube.static")

_CHANGES = inotify.CLOSE_WRITE | inotify.MOVED_FROM | inotify.MOVED_TO | inotify.DELETE | inotify.ONLY_DIRECTORY
_LONGEST = 1 << 20  # bytes of a file
_CALM = 0.05  # seconds to wait for more of the same


class Folder:
    """on_change: called with nothing, on the event loop, when `pods` may have changed."""

    def __init__(self, path: Path, node: str, now: Callable[[], datetime], on_change: Callable[[], None]) -> None:
        self._path = path
        self._node = node
        self._now = now
        self._on_change = on_change
        self._inotify: inotify.Inotify | None = None
        self._read: dict[str, tuple[bytes, dict[str, Any] | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Reads what is there. Raises OSError."""
        await asyncio.to_thread(self._path.mkdir, mode=0o755, parents=True, exist_ok=True)
        self._inotify = inotify.Inotify(self._changed)
        self._inotify.add(self._path, _CHANGES)
        await asyncio.to_thread(self._scan)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._inotify is not None:
            self._inotify.close()

    def pods(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By namespace and name; of two files with one name the first counts."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for name, (_, pod) in sorted(self._read.items()):
            if pod is None:
                continue
            key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            if key in found:
                _log.error("%s: Pod %s/%s is in another file already", self._path / name, *key)
            found.setdefault(key, pod)
        return found

    def _changed(self, event: inotify.Event) -> None:
        if event.name.startswith(".") or self._timer is not None:
            return
        self._timer = asyncio.get_running_loop().call_later(_CALM, self._begin)

    def _begin(self) -> None:
        self._timer = None
        before = self._task

        async def again() -> None:
            if before is not None and not before.done():
                await asyncio.wait([before])
            await asyncio.to_thread(self._scan)
            self._on_change()

        self._task = asyncio.create_task(again())

    def _scan(self) -> None:
        """Blocks. Only files that have changed are parsed again."""
        found: dict[str, tuple[bytes, dict[str, Any] | None]] = {}
        try:
            paths = sorted(self._path.iterdir())
        except OSError as error:
            _log.error("manifests can't be read: %s", error)
            return
        for path in paths:
            if path.name.startswith(".") or not path.is_file():
                continue
            before = self._read.get(path.name)
            try:
                with path.open("rb") as file:
                    text = file.read(_LONGEST + 1)
                if before is not None and before[0] == text:
                    found[path.name] = before
                    continue
                if len(text) > _LONGEST:
                    raise manifest.BadManifest(f"longer than {_LONGEST} bytes")
                found[path.name] = (text, manifest.parse(text.decode(), str(path), self._node, self._now()))
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError, manifest.BadManifest) as error:
                _log.error("could not process manifest file %s: %s", path, error)
                if before is not None:
                    found[path.name] = before
        self._read = found
