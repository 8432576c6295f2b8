"""Follows the APIServices in the log: which groups go to another server, and whether that server can be asked."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apiserver_stub.aggregation import local
from apiserver_stub.aggregation import remote as remotes
from apiserver_stub.meta import status
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.storage.log import Compacted, Entry, Log, StorageError

if TYPE_CHECKING:
    from apiserver_stub.aggregation.backend import Backend
    from apiserver_stub.aggregation.documents import Documents
    from apiserver_stub.http.route import Target

logger = logging.getLogger(__name__)

_GROUP: Final = "apiregistration.k8s.io"
_TABLE: Final = (_GROUP, "apiservices")


class Aggregation:
    """All aggregated servers. What speaks to them is imported with the first: a node without any pays nothing."""

    def __init__(self, catalog: Catalog, log: Log, pki: Path) -> None:
        # By group and version.
        self.backends: dict[tuple[str, str], Backend] = {}
        self._catalog = catalog
        self._log = log
        self._pki = pki
        self._position = 0
        self._stopped = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._documents: Documents | None = None
        log.listen(_TABLE, self._read)
        for table in (("", "services"), ("discovery.k8s.io", "endpointslices"), ("", "pods")):
            log.listen(table, self._recheck)
        catalog.listeners.append(self._changed.set)

    def find(self, target: Target) -> Backend | None:
        """The server that answers for a path below /apis/GROUP/VERSION (or /api/VERSION)."""
        if not target.version or target.prefix != ("apis" if target.group else "api"):
            return None
        return self.backends.get((target.group, target.version))

    @property
    def documents(self) -> Documents:
        """Discovery and OpenAPI of the servers; only to be asked while there are any."""
        if self._documents is None:
            from apiserver_stub.aggregation.documents import Documents

            self._documents = Documents(self.backends)
        return self._documents

    def load(self) -> None:
        """Takes over what is in the log; needs a running event loop."""
        self._position = self._log.revision
        entries = self._log.list(_TABLE)
        for name in {backend.remote.name for backend in self.backends.values()} - {e.key.name for e in entries}:
            self._drop(name)
        for entry in entries:
            self._take(entry)
        self._changed.set()

    async def run(self) -> None:
        """Keeps the APIServices of this server's own groups; to be cancelled when the server ends."""
        work = local.restore
        while True:
            try:
                await work(self._catalog)
            except (StorageError, status.StatusError) as error:
                logger.warning("APIServices of this server's own groups: %s", error)
            work = local.keep
            await self._changed.wait()
            self._changed.clear()

    async def stop(self) -> None:
        """Ends all requests to servers; a write under way must not bring one back."""
        self._stopped = True
        for name in list(self._tasks):
            self._drop(name)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _read(self) -> None:
        """Called after each change of an APIService."""
        if self._stopped:
            return
        try:
            events = list(self._log.after(_TABLE, self._position))
        except Compacted:
            self.load()
            return
        for event in events:
            self._position = event.revision
            if event.deleted:
                self._drop(event.entry.key.name)
            else:
                self._take(event.entry)
        if any(event.deleted or not event.previous for event in events):
            self._changed.set()

    def _take(self, entry: Entry) -> None:
        if entry.key.name not in self._tasks and b'"service":' not in entry.value:
            return
        try:
            obj = entry.decode()
            wanted = remotes.read(obj)
            if wanted is None or wanted.group == _GROUP:
                self._drop(entry.key.name)
                return
            found = self.backends.get((wanted.group, wanted.version))
            if found is None or found.remote != wanted:
                self._drop(entry.key.name)
                found = self._add(wanted)
            found.available = remotes.is_available(obj)
        except Exception:
            # One bad object must not keep the others from being followed.
            logger.exception("APIService %s", entry.key.name)

    def _add(self, wanted: remotes.Remote) -> Backend:
        from apiserver_stub.aggregation import checks
        from apiserver_stub.aggregation.backend import Backend

        made = Backend(wanted, self._log, self._pki)
        self.backends[wanted.group, wanted.version] = made
        self._tasks[wanted.name] = asyncio.create_task(checks.watch_over(made, self._catalog))
        return made

    def _drop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is None:
            return
        task.cancel()
        for key, backend in list(self.backends.items()):
            if backend.remote.name == name:
                del self.backends[key]
                closing = asyncio.create_task(backend.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def _recheck(self) -> None:
        """Called after each change of what may lead to a server."""
        for backend in self.backends.values():
            backend.note(moved=True)
