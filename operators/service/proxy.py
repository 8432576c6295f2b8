"""The node's table for Services: loaded when it changed, kept for the boot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path

from operators._node import conntrack, nft
from operators.service import ruleset
from operators.service.table import Address, Endpoint, Frontend, Table

#: Loaded by ukube-network.service, before any Pod is started.
RULES = Path("/var/lib/ukube/services.nft")

_log = logging.getLogger("ukube.service")


class Proxy:
    """`seconds`: what the last change of the rules took."""

    def __init__(self, path: Path = RULES) -> None:
        self._path = path
        self._text: str | None = None
        self._stale: set[tuple[str, str]] = set()
        self._datagrams: dict[Frontend, frozenset[Endpoint]] | None = None
        self.seconds = 0.0

    async def apply(self, table: Table, own: frozenset[Address]) -> bool:
        """Makes the kernel's table this one, in one transaction; False when it was so already.

        own: the node's addresses. Raises OSError with nft's words: the old rules are still there then, all of them.
        """
        began = asyncio.get_running_loop().time()
        text = await asyncio.to_thread(ruleset.render, table)
        if text == self._text:
            return False
        if self._text is None:
            self._stale = ruleset.names(await asyncio.to_thread(_read, self._path))
        if table.has_affinity:
            self._stale = (self._stale | ruleset.names(self._text or "")) - ruleset.names(text)
            await self._update(text)
        else:
            await nft.apply(ruleset.replacing(text))
            self._stale = set()
        self._text = text
        await asyncio.to_thread(_write, self._path, ruleset.replacing(text))
        await self._forget(table, own)
        self.seconds = asyncio.get_running_loop().time() - began
        return True

    async def _update(self, text: str) -> None:
        try:
            await nft.apply(ruleset.updating(text))
        except OSError as error:
            # A table that is not as expected, of another version for one: clients' choices are lost then.
            _log.warning("the table for Services is made anew: %s", error)
            await nft.apply(ruleset.replacing(text))
            self._stale = set()
        if self._stale:
            with contextlib.suppress(OSError):  # tried again with the next change; empty chains harm nobody
                await nft.apply(ruleset.dropping(self._stale))
                self._stale = set()

    async def _forget(self, table: Table, own: frozenset[Address]) -> None:
        """UDP has no end of a connection: the kernel would go on leading a client to an endpoint that is gone."""
        datagrams = table.datagrams()
        if datagrams == self._datagrams or not datagrams:
            self._datagrams = datagrams
            return
        self._datagrams = datagrams
        try:
            count = await asyncio.to_thread(conntrack.forget, Stale(datagrams, own), socket.IPPROTO_UDP)
        except OSError as error:
            _log.warning("UDP clients may go on talking to endpoints that are gone: %s", error)
        else:
            if count:
                _log.info("%d UDP flows to endpoints that are gone were ended", count)


class Stale:
    """Whether a flow goes to a Service, but not to one of its endpoints."""

    def __init__(self, datagrams: dict[Frontend, frozenset[Endpoint]], own: frozenset[Address]) -> None:
        self._known = {(f.address, f.port): found for f, found in datagrams.items()}
        self._own = own

    def __call__(self, flow: conntrack.Flow) -> bool:
        address, port = flow.to
        endpoints = self._known.get((address, port))
        if endpoints is None and (address in self._own or address.is_loopback):
            endpoints = self._known.get((None, port))
        return endpoints is not None and Endpoint(*flow.answers) not in endpoints


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
