"""Custom resources: reads the definitions in the log, at start and as they change, and has them served."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.storage.log import Compacted, Log, StorageError

if TYPE_CHECKING:
    from apiserver_stub.registry.apiextensions.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

_TABLE: Final = ("apiextensions.k8s.io", "customresourcedefinitions")


class CustomResources:
    """What is needed for custom resources is imported with the first definition: a node without any pays nothing."""

    def __init__(self, catalog: Catalog, log: Log) -> None:
        self._catalog = catalog
        self._log = log
        self._lifecycle: Lifecycle | None = None
        self._position = 0
        # Definitions to look at, in order.
        self._due: dict[str, None] = {}
        self._changed = asyncio.Event()
        log.listen(_TABLE, self._changed.set)

    def load(self) -> None:
        """Serves what is defined, and no longer what was."""
        self._position = self._log.revision
        self._due = {entry.key.name: None for entry in self._log.list(_TABLE)}
        gone = self._lifecycle.names() if self._lifecycle is not None else ()
        for name in dict.fromkeys((*gone, *self._due)):
            self._serve(name)

    async def run(self) -> None:
        """Follows the log; to be cancelled when the server ends."""
        while True:
            while self._due:
                name = next(iter(self._due))
                del self._due[name]
                try:
                    await self._steps.settle(name)
                except StorageError as error:
                    logger.warning("status of definition %s: %s", name, error)
                except Exception:
                    # One definition must not keep the others waiting.
                    logger.exception("definition %s", name)
                self._read()
            await self._changed.wait()
            self._changed.clear()
            self._read()

    async def stop(self) -> None:
        """Ends what is under way; it goes on with the next start."""
        if self._lifecycle is not None:
            await self._lifecycle.stop()

    @property
    def _steps(self) -> Lifecycle:
        if self._lifecycle is None:
            from apiserver_stub.registry.apiextensions.lifecycle import Lifecycle

            self._lifecycle = Lifecycle(self._catalog)
        return self._lifecycle

    def _serve(self, name: str) -> None:
        try:
            self._steps.serve(name)
        except Exception:
            logger.exception("definition %s can't be served", name)

    def _read(self) -> None:
        """Serves what changed and notes it for the next step."""
        try:
            events = list(self._log.after(_TABLE, self._position))
        except Compacted:
            self.load()
            return
        for event in events:
            self._position = event.revision
            name = event.entry.key.name
            self._serve(name)
            self._due[name] = None
        if events:
            # Names may have become free, for those who wait for them.
            groups = {event.entry.key.name.partition(".")[2] for event in events}
            for group in groups:
                self._due |= dict.fromkeys(self._steps.waiting(group))
