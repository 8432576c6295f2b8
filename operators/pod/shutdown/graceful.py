"""Holds a shutdown up until the Pods have ended, the critical ones last; at the next boot they are there again.

Nothing is written to their objects: a Pod that the machine stops and starts again has not failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from operators._kube.client import Kube
from operators._node.logind import Logind
from operators._node.ports import Systemd, SystemdError
from operators.pod import files
from operators.pod.inventory import Inventory
from operators.pod.part import Part
from operators.pod.shutdown import order, settings

_log = logging.getLogger("ukube.shutdown")

_CONFIG = Path("/etc/systemd/logind.conf.d/99-ukube.conf")
_RELOAD = 0.5  # seconds that logind takes to read its settings


class Shutdown(Part):
    """pods: those of this node. resume: called when a shutdown was called off.

    quiet: ends a Pod's probes (by UID): what is being stopped must not be restarted for failing them.
    """

    def __init__(
        self,
        inventory: Inventory,
        systemd: Systemd,
        pods: Callable[[], Iterable[Mapping[str, Any]]],
        resume: Callable[[], None],
        quiet: Callable[[str], None] = lambda _: None,
        config: Path = _CONFIG,
    ) -> None:
        self._inventory = inventory
        self._systemd = systemd
        self._pods = pods
        self._resume = resume
        self._quiet = quiet
        self._config = config
        self._settings = settings.read()
        self._logind = Logind(self._begins)
        self._task: asyncio.Task[None] | None = None
        #: While it is set nothing is started, stopped or reported: the machine is going down.
        self.is_on = False

    async def open(self, kube: Kube) -> None:
        if self._settings.period <= 0:
            return
        await self._logind.open()
        await self._take_lock()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self._logind.close()

    async def _take_lock(self) -> None:
        longest = await self._logind.longest_delay()
        if 0 < longest < self._settings.period:
            head = "# As long as MicroKube's Pods may take to end.\n[Login]\n"
            text = f"{head}InhibitDelayMaxSec={self._settings.period:g}\n"
            try:
                if await asyncio.to_thread(files.write, self._config, text):
                    await self._logind.reload()
                    await asyncio.sleep(_RELOAD)
            except OSError as error:
                _log.warning("logind waits for %g s only: %s", longest, error)
        if not await self._logind.inhibit("MicroKube", "Pods end in order"):
            _log.info("no logind here: at a shutdown systemd ends all Pods at once, within their grace periods")

    def _begins(self, begins: bool) -> None:
        if begins == self.is_on:
            return
        self.is_on = begins
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._end_all() if begins else self._call_off(), name="shutdown")

    async def _call_off(self) -> None:
        _log.info("the shutdown was called off")
        await self._take_lock()
        self._resume()

    async def _end_all(self) -> None:
        """What does not end in time goes on ending, within its own grace period, while systemd shuts down."""
        try:
            for step in order.steps(self._pods(), self._settings):
                _log.info("shutdown: %d Pods have %g s to end", len(step.uids), step.seconds)
                stops = [asyncio.create_task(self._stop(uid)) for uid in step.uids]
                _, late = await asyncio.wait(stops, timeout=step.seconds)
                if late:
                    _log.warning("shutdown: %d Pods have not ended in time", len(late))
        finally:
            self._logind.release()

    async def _stop(self, uid: str) -> None:
        record = self._inventory.find(uid)
        if record is None or not record.sandbox:
            return
        self._quiet(uid)
        try:
            await self._systemd.stop(record.sandbox)  # all that is bound to it stops first
        except SystemdError as error:
            _log.warning("shutdown: %s: %s", record.sandbox, error)
