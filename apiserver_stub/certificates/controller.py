"""CertificateSigningRequests: approves what kubelets ask for, signs what is approved, deletes what is old.

Upstream's controllers csrapproving, csrsigning and csrcleaner. They sleep until the log tells of a change.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from apiserver_stub.auth import rbac
from apiserver_stub.auth.authenticate import User
from apiserver_stub.certificates import retention, signers
from apiserver_stub.meta import status
from apiserver_stub.registry import delete
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import Registry, WriteOptions, now
from apiserver_stub.storage.log import Entry, StorageError

Object = dict[str, Any]

logger = logging.getLogger(__name__)

_GROUP, _PLURAL = "certificates.k8s.io", "certificatesigningrequests"
_TABLE: Final = (_GROUP, _PLURAL)
_OPTIONS: Final = WriteOptions(field_manager="kube-controller-manager")


class SigningRequests:
    """`directory`: where the CA is."""

    def __init__(self, catalog: Catalog, directory: Path) -> None:
        self._catalog = catalog
        self._directory = directory
        self._changed = asyncio.Event()
        # By name: the revision that was looked at, and when it is to be deleted.
        self._seen: dict[str, tuple[int, float | None]] = {}
        catalog.log.listen(_TABLE, self._changed.set)

    async def run(self) -> None:
        """Follows the log; to be cancelled when the server ends."""
        while True:
            await self._look()
            due = min((at for _, at in self._seen.values() if at is not None), default=None)
            try:
                async with asyncio.timeout(None if due is None else max(due - time.time(), 0)):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def _look(self) -> None:
        entries = {entry.key.name: entry for entry in self._catalog.log.list(_TABLE)}
        self._seen = {name: seen for name, seen in self._seen.items() if name in entries}
        for name, entry in entries.items():
            revision, due = self._seen.get(name, (0, None))
            try:
                if revision != entry.revision:
                    due = await self._settle(entry)
                if due is not None and due <= time.time():
                    due = None
                    await delete.delete(self._registry, "", name, delete.DeleteOptions())
            except status.StatusError as error:
                # Others have deleted it, or changed it: that change comes here, too.
                logger.debug("certificate signing request %s: %s", name, error.message)
            except (OSError, ValueError, StorageError) as error:
                logger.warning("certificate signing request %s: %s", name, error)
            except Exception:
                # One request must not keep the others waiting.
                logger.exception("certificate signing request %s", name)
            self._seen[name] = entry.revision, due

    @property
    def _registry(self) -> Registry:
        found = self._catalog.find(_GROUP, "v1", _PLURAL)
        assert found
        return found

    async def _settle(self, entry: Entry) -> float | None:
        """Takes the next step of a request; returns when it is to be deleted."""
        obj = self._registry.object(entry)
        spec = obj["spec"]
        if spec.get("signerName") in signers.ALL and not (obj.get("status") or {}).get("certificate"):
            types = _conditions(obj)
            if "Approved" in types and "Failed" not in types:
                await self._sign(entry.key.name, spec)
            elif not types & {"Approved", "Denied"} and spec["signerName"] == signers.KUBELET_CLIENT:
                await self._approve(entry.key.name, spec)
        return retention.deadline(obj)

    async def _approve(self, name: str, spec: Object) -> None:
        from apiserver_stub.certificates import signing

        request = await asyncio.to_thread(signing.read, spec["request"])
        extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
        user = User(spec.get("username", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), extra)
        tried = signers.approvals(spec["signerName"], request, spec.get("usages") or (), user.name)
        for approval in tried:
            wanted = rbac.Attributes("create", "", _GROUP, _PLURAL, approval.right)
            if self._catalog.authorizer.decide(user, wanted).allowed:
                condition = _condition("Approved", "AutoApproved", approval.message)
                await self._write(name, "approval", conditions=[condition])
                return
        if tried:
            rights = " ".join(approval.right for approval in tried)
            logger.info("%s may not create %s: its request %s waits for approval", user.name, rights, name)

    async def _sign(self, name: str, spec: Object) -> None:
        from apiserver_stub.certificates import signing

        usages = spec.get("usages") or ()
        request = await asyncio.to_thread(signing.read, spec["request"])
        if fault := signers.fault(spec["signerName"], request, usages):
            await self._write(name, "status", conditions=[_condition("Failed", "SignerValidationFailure", fault)])
            return
        seconds = spec.get("expirationSeconds")
        certificate = await asyncio.to_thread(
            signing.sign, self._directory, spec["request"], usages, seconds, time.time()
        )
        await self._write(name, "status", certificate=base64.b64encode(certificate).decode())

    async def _write(
        self, name: str, subresource: str, *, conditions: Sequence[Object] = (), certificate: str = ""
    ) -> None:
        """Adds to the status, unless the request has been decided or issued meanwhile. Raises StatusError."""

        def change(obj: Object) -> Object:
            state = dict(obj.get("status") or {})
            if state.get("certificate") or _conditions(obj) & {one["type"] for one in conditions}:
                return obj
            if subresource == "approval" and "Denied" in _conditions(obj):
                return obj
            if conditions:
                state["conditions"] = [*(state.get("conditions") or []), *conditions]
            if certificate:
                state["certificate"] = certificate
            return obj | {"status": state}

        await self._registry.update("", name, change, _OPTIONS, subresource)


def _conditions(obj: Object) -> set[str]:
    """The types of the conditions that are true."""
    found = (obj.get("status") or {}).get("conditions") or []
    return {condition["type"] for condition in found if condition.get("status") == "True"}


def _condition(kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastUpdateTime": now()}
