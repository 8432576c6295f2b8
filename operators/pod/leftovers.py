"""Has systemd let go of the units of removed Pods.

A unit whose file is gone is forgotten by itself, but not one that was there at boot: ukube.target's links were read
then, and what they named stays loaded until all unit files are read again.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from operators._node.ports import UnitState

_log = logging.getLogger("ukube.pod")
_QUIET = 1.0  # seconds without another removal: reading every unit file takes 0.2 s, so it is done once for many


class Manager(Protocol):
    """What is asked of systemd."""

    def state(self, unit: str) -> UnitState | None: ...

    async def reset_failed(self, unit: str) -> None: ...

    async def reload(self) -> None: ...


class Leftovers:
    def __init__(self, systemd: Manager) -> None:
        self._systemd = systemd
        self._removed: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, units: Iterable[str]) -> None:
        """The files of these units are gone."""
        self._removed.update(units)
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._settle())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _settle(self) -> None:
        await asyncio.sleep(_QUIET)
        stuck = sorted(name for name in self._removed if self._systemd.state(name) is not None)
        self._removed.clear()
        if stuck:
            _log.debug("daemon-reload, as %s and %d more are still loaded", stuck[0], len(stuck) - 1)
            try:
                for name in stuck:
                    # Without its file a unit has lost its CollectMode, and a failed one would be kept.
                    await self._systemd.reset_failed(name)
                await self._systemd.reload()
            except Exception as error:  # the units do no harm; the next removal tries again
                _log.warning("daemon-reload failed: %s", error)
                self._removed.update(stuck)
