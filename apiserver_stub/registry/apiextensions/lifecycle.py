"""What happens to a CustomResourceDefinition after it is written: names, conditions, serving, removal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.admission.chain import Chain
from apiserver_stub.meta import status
from apiserver_stub.registry import delete
from apiserver_stub.registry.apiextensions import approval, conditions, conversion, custom, naming, served
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import Registry, WriteOptions, now
from apiserver_stub.schema import kinds

Object = dict[str, Any]
# Changes a definition in place; whether there was something to change.
Step = Callable[[Object], bool]

logger = logging.getLogger(__name__)

_OPTIONS: Final = WriteOptions(field_manager="kube-apiserver")


@dataclass(frozen=True, slots=True)
class _Names:
    """What one definition has of its group's names."""

    group: str
    names: Object
    is_accepted: bool


class Lifecycle:
    """Upstream's in-process controllers, one step for each look at a definition: the next change leads to the next.

    `observe` is to be called with each new state.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        found = catalog.find("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        assert found
        self._registry: Registry = found
        self._served: dict[str, served.Definition] = {}
        self._known: dict[str, _Names] = {}
        self._removals: dict[str, asyncio.Task[None]] = {}

    def names(self) -> tuple[str, ...]:
        """The names of the definitions that are served."""
        return tuple(self._served)

    def serve(self, name: str) -> None:
        """Brings what is served in line with a definition as it is now."""
        entry = self._registry.log.get(self._registry.key("", name))
        crd = self._registry.object(entry) if entry else None
        self._note(name, crd)
        definition = served.read(crd) if crd else None
        before = self._served.pop(name, None)
        if definition is None:
            self._catalog.withdraw(name)
            return
        if before is not None and before.text == definition.text:
            # Clients keep their watches; only discovery and creation know of the removal.
            definition = before.with_terminating(definition.terminating)
        self._served[name] = definition
        if definition is not before:
            resources = definition.resources()
            keep = before is not None and before.text == definition.text
            self._catalog.install(name, resources, self._maker(definition), keep=keep)

    def _maker(self, definition: served.Definition) -> Callable[[kinds.Resource, Chain], Registry]:
        log = self._catalog.log

        def make(resource: kinds.Resource, admission: Chain) -> Registry:
            return custom.CustomRegistry(definition, resource, log, admission, self._remote(definition))

        return make

    def _remote(self, definition: served.Definition) -> conversion.Remote | None:
        if definition.conversion.get("strategy") != "Webhook":
            return None
        # Imported where a definition wants it: it brings an HTTP client.
        from apiserver_stub.registry.apiextensions import webhookconversion

        declared = definition.conversion.get("webhook") or {}
        return webhookconversion.WebhookConversion(declared, self._catalog.webhooks)

    async def settle(self, name: str) -> None:
        """Takes the next step of a definition, if there is one."""
        entry = self._registry.log.head(self._registry.key("", name))
        if entry is None:
            return
        crd = self._registry.object(entry)
        if crd["metadata"].get("deletionTimestamp") and conditions.FINALIZER in (
            crd["metadata"].get("finalizers") or ()
        ):
            if name not in self._removals:
                self._removals[name] = asyncio.create_task(self._remove(name))
            return
        for step in (self._decide_names, _establish, _decide_approval):
            if step(crd):
                await self._write(name, step)
                return

    def waiting(self, group: str) -> list[str]:
        """Definitions of a group that wait for names of others."""
        return [name for name, known in self._known.items() if known.group == group and not known.is_accepted]

    def _note(self, name: str, crd: Object | None) -> None:
        if crd is None:
            self._known.pop(name, None)
            return
        state = crd.get("status") or {}
        accepted = conditions.is_true(state, "NamesAccepted")
        self._known[name] = _Names(crd["spec"]["group"], state.get("acceptedNames") or {}, accepted)

    def _decide_names(self, crd: Object) -> bool:
        group = crd["spec"]["group"]
        return naming.decide(
            crd, naming.taken(known.names for known in self._known.values() if known.group == group), now()
        )

    async def _write(self, name: str, step: Step) -> None:
        """Writes what a step makes of a definition. A definition that changes meanwhile is looked at again anyway."""

        def change(crd: Object) -> Object:
            step(crd)
            return crd

        try:
            await self._registry.update("", name, change, _OPTIONS, "status")
        except status.StatusError as error:
            if error.code not in (404, 409):
                logger.warning("status of definition %s: %s", name, error.message)

    async def _remove(self, name: str) -> None:
        """Deletes the instances, waits until nothing holds them any more, and lets the definition go."""
        try:
            await self._write(name, _begin_removal)
            definition = self._served.get(name)
            if definition is not None:
                await self._remove_instances(definition)
            await self._write(name, _end_removal if definition is not None else _end_unused)
        finally:
            self._removals.pop(name, None)

    async def _remove_instances(self, definition: served.Definition) -> None:
        resource = definition.resource(definition.storage_version)
        registry = self._catalog.make(definition.name, resource)
        log = self._catalog.log
        for entry in log.list(registry.table):
            try:
                await registry.ready([entry])
                await delete.delete(registry, entry.key.namespace, entry.key.name, delete.DeleteOptions())
            except status.StatusError as error:
                if error.code != 404:
                    logger.warning("%s %s: %s", definition.name, entry.key.path, error.message)
        while log.list(registry.table) and not log.ending:
            await log.changed(registry.table, log.revision)

    async def stop(self) -> None:
        for task in list(self._removals.values()):
            task.cancel()
        await asyncio.gather(*self._removals.values(), return_exceptions=True)


def _establish(crd: Object) -> bool:
    return naming.establish(crd, now())


def _decide_approval(crd: Object) -> bool:
    return approval.decide(crd, now())


def _terminating(crd: Object, value: str, reason: str, message: str) -> bool:
    return conditions.put(crd.setdefault("status", {}), "Terminating", value, reason, message, now())


def _begin_removal(crd: Object) -> bool:
    return _terminating(crd, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")


def _end_removal(crd: Object) -> bool:
    _release(crd)
    return _terminating(crd, "False", "InstanceDeletionCompleted", "removed all instances")


def _end_unused(crd: Object) -> bool:
    _release(crd)
    return _terminating(crd, "False", "NeverEstablished", "resource was never established")


def _release(crd: Object) -> None:
    left = [name for name in crd["metadata"].get("finalizers") or () if name != conditions.FINALIZER]
    if left:
        crd["metadata"]["finalizers"] = left
    else:
        crd["metadata"].pop("finalizers", None)
