"""Keeps status.typeChecking of ValidatingAdmissionPolicies, as the controller of that name does upstream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from apiserver_stub.admission.policies.repository import GROUP
from apiserver_stub.auth.authenticate import SYSTEM
from apiserver_stub.meta import status
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import WriteOptions
from apiserver_stub.storage.log import Log, StorageError

logger = logging.getLogger(__name__)

Object = dict[str, Any]

_PLURAL: Final = "validatingadmissionpolicies"
_OPTIONS: Final = WriteOptions(field_manager="validatingadmissionpolicy-status", user=SYSTEM)
# Seconds without a change of any policy: who creates one and goes on with it is not overtaken.
SETTLED: Final = 3.0


class TypeChecks:
    """CEL is loaded with the first policy: a node without any pays nothing."""

    def __init__(self, catalog: Catalog, log: Log) -> None:
        self._catalog = catalog
        self._log = log
        self._changed = asyncio.Event()
        log.listen((GROUP, _PLURAL), self._changed.set)

    async def run(self, settled: float = SETTLED) -> None:
        """Follows the log; to be cancelled when the server ends. settled: seconds."""
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), settled)
                continue
            except TimeoutError:
                pass
            await self.check()

    async def check(self) -> None:
        """Checks every policy whose spec changed since the last time."""
        for entry in list(self._log.list((GROUP, _PLURAL))):
            stored = entry.decode()
            if _observed(stored) >= stored["metadata"].get("generation", 0):
                continue
            try:
                await self._write(stored)
            except (status.StatusError, StorageError) as problem:
                logger.warning("type check of %s: %s", entry.key.name, problem)

    async def _write(self, stored: Object) -> None:
        from apiserver_stub.admission.policies import typechecking

        declared = stored["spec"].get("paramKind")
        found = typechecking.warnings(stored, self._catalog.kinds.get, self._kind(declared) if declared else None)
        registry = self._catalog.find(GROUP, "v1", _PLURAL)
        assert registry is not None
        change = _report(stored["metadata"], found)
        await registry.update("", stored["metadata"]["name"], change, _OPTIONS, "status")

    def _kind(self, declared: Object) -> Any:
        group, _, version = declared["apiVersion"].rpartition("/")
        return self._catalog.kinds.by_kind(group, version, declared["kind"])


def _observed(policy: Object) -> int:
    return int((policy.get("status") or {}).get("observedGeneration") or 0)


def _report(checked: Object, warnings: list[dict[str, str]]) -> Callable[[Object], Object]:
    def change(policy: Object) -> Object:
        if policy["metadata"]["uid"] == checked["uid"]:
            checking = {"expressionWarnings": warnings} if warnings else {}
            policy["status"] = {
                **(policy.get("status") or {}),
                "observedGeneration": checked["generation"],
                "typeChecking": checking,
            }
        return policy

    return change
