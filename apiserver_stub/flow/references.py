"""Keeps FlowSchemas true: their status tells whether their level exists, and mandatory objects come back."""

import asyncio
import copy
import logging
from collections.abc import Iterable
from typing import Any, Final, Protocol

from apiserver_stub.flow.fairness import LEVELS, SCHEMAS
from apiserver_stub.meta import status
from apiserver_stub.registry import upkeep
from apiserver_stub.registry.flowcontrol import bootstrap
from apiserver_stub.registry.generic import Registry, WriteOptions
from apiserver_stub.storage.log import Log

logger = logging.getLogger(__name__)

Object = dict[str, Any]

_STATUS: Final = WriteOptions(field_manager="api-priority-and-fairness-config-consumer-v1")
_SPEC: Final = WriteOptions(field_manager="api-priority-and-fairness-config-producer-v1")


class Registries(Protocol):
    """The part of registry/catalog.py that is used."""

    def find(self, group: str, version: str, plural: str) -> Registry | None: ...


class References:
    """`settle` once, then `run`."""

    def __init__(self, catalog: Registries, log: Log) -> None:
        self._catalog = catalog
        self._log = log
        self._changed = asyncio.Event()
        for table in (SCHEMAS, LEVELS):
            log.listen(table, self._changed.set)

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            await self.settle()

    async def settle(self) -> None:
        """Writes what is not yet as it should be."""
        self._changed.clear()
        schemas, levels = self._registry(SCHEMAS), self._registry(LEVELS)
        found = {entry.key.name: entry.decode() for entry in self._log.heads(SCHEMAS)}
        existing = {entry.key.name for entry in self._log.heads(LEVELS)}
        lacking = [
            self._create(registry, obj)
            for registry, names, objects in (
                (levels, existing, bootstrap.levels()),
                (schemas, set(found), bootstrap.schemas()),
            )
            for obj in missing(names, objects)
        ]
        due = [self._tell(schemas, name) for name, obj in found.items() if told(obj, existing) is not None]
        for outcome in await asyncio.gather(*lacking, *due, return_exceptions=True):
            if isinstance(outcome, status.StatusError):
                # Changed or deleted meanwhile: that change wakes us again.
                logger.debug("flow control: %s", outcome.message)
            elif isinstance(outcome, BaseException):
                raise outcome

    async def _create(self, registry: Registry, obj: Object) -> None:
        await registry.create(copy.deepcopy(obj), "", _SPEC)

    async def _tell(self, registry: Registry, name: str) -> None:
        def change(obj: Object) -> Object:
            existing = {entry.key.name for entry in self._log.heads(LEVELS)}
            conditions = told(obj, existing)
            return obj if conditions is None else obj | {"status": (obj.get("status") or {}) | conditions}

        await registry.update("", name, change, _STATUS, "status")

    def _registry(self, table: tuple[str, str]) -> Registry:
        found = self._catalog.find(table[0], "v1", table[1])
        assert found
        return found


def missing(names: Iterable[str], builtin: Iterable[Object]) -> list[Object]:
    """The mandatory objects that are not there (pure)."""
    there = set(names)
    wanted = set(bootstrap.MANDATORY) - there
    return [obj for obj in builtin if obj["metadata"]["name"] in wanted]


def told(schema: Object, levels: Iterable[str]) -> Object | None:
    """The conditions of a FlowSchema as they should be; None where they are (pure but for the time of a change)."""
    name = schema["spec"]["priorityLevelConfiguration"]["name"]
    about = f'This FlowSchema references the PriorityLevelConfiguration object named "{name}"'
    if name in set(levels):
        wanted = {"status": "False", "reason": "Found", "message": f"{about} and it exists"}
    else:
        wanted = {"status": "True", "reason": "NotFound", "message": f"{about} but there is no such object"}
    conditions = (schema.get("status") or {}).get("conditions") or []
    present: Object = next((one for one in conditions if one.get("type") == "Dangling"), {})
    if wanted.items() <= present.items():
        return None
    since = present.get("lastTransitionTime") if present.get("status") == wanted["status"] else None
    made = {"type": "Dangling", "lastTransitionTime": since or upkeep.now(), **wanted}
    return {"conditions": [one for one in conditions if one is not present] + [made]}
