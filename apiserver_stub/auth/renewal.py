"""Certificates stay valid while the server runs: renewed when they, the clock or the machine's addresses say so."""

import asyncio
import dataclasses
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

import apiserver_stub
from apiserver_stub.auth import addresses, pki
from apiserver_stub.auth.wallclock import Timer

logger = logging.getLogger(__name__)

# Addresses come and go in bursts, when a link comes up or a network is configured, in seconds.
SETTLE_SECONDS = 1.0
# After a failure (a full disk) it is tried again this often, in seconds.
RETRY_SECONDS = 600.0
_ROOT = str(Path(apiserver_stub.__file__).resolve().parents[1])


class Renewal:
    """`wanted`: the certificates that there are to be, now.

    `renewed`: called after files have changed. `looked`: called whenever the clock or the addresses may have changed.
    days: how long new certificates live.
    """

    def __init__(self, directory: Path, wanted: Callable[[], list[pki.Leaf]], *, days: float = pki.LEAF_DAYS) -> None:
        self.renewed: list[Callable[[], None]] = []
        self.looked: list[Callable[[], Awaitable[None]]] = []
        self._directory = directory
        self._wanted = wanted
        self._days = days
        self._changed = asyncio.Event()
        self._is_told = True

    async def run(self) -> None:
        """To be cancelled when the server ends. Sleeps until something happens."""
        timer, changes = Timer(self.look), addresses.Changes(self.look)
        try:
            while True:
                timer.set(await self._renew())
                await self._changed.wait()
                await asyncio.sleep(SETTLE_SECONDS)
                self._changed.clear()
                for looked in self.looked:
                    await looked()
        finally:
            changes.close()
            timer.close()

    def look(self) -> None:
        """Something has changed: time, names or addresses."""
        self._changed.set()

    async def _renew(self) -> float:
        """Issues what is due; returns when to look again, in seconds since the epoch."""
        wanted, now = self._wanted(), time.time()
        try:
            if pki.is_due(self._directory, wanted, now):
                await self._issue(wanted, now)
                self._is_told = False
            if not self._is_told:
                for renewed in self.renewed:
                    renewed()
                self._is_told = True
        except (OSError, ValueError, pki.PkiError) as error:
            logger.error("certificates could not be renewed: %s", error)
            return now + RETRY_SECONDS
        due = pki.next_due(self._directory, wanted)
        return due if due > now else now + RETRY_SECONDS

    async def _issue(self, wanted: list[pki.Leaf], now: float) -> None:
        """In a process of its own: this one need not keep cryptography. Raises OSError, pki.PkiError."""
        request = orjson.dumps(
            {
                "directory": str(self._directory),
                "leaves": [dataclasses.asdict(leaf) for leaf in wanted],
                "now": now,
                "days": self._days,
            }
        )
        # -P: the folder of the program is no place to look for modules; that of the package is named instead.
        command = (sys.executable, "-P", "-m", "apiserver_stub.auth.issue_process")
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))},
        )
        try:
            _, errors = await process.communicate(request)
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise pki.PkiError(errors.decode(errors="replace").strip().rpartition("\n")[2] or "issuing failed")
        logger.info("certificates have been renewed")
