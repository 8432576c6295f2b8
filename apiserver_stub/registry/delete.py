"""Deletion: preconditions, grace, finalizers and what a client is told."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth.authenticate import SYSTEM, User
from apiserver_stub.meta import status
from apiserver_stub.registry.generic import Registry, now
from apiserver_stub.storage.log import Entry

Object = dict[str, Any]

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


@dataclass(slots=True)
class DeleteOptions:
    """metav1.DeleteOptions. `policy`: "" when neither propagationPolicy nor orphanDependents was given."""

    grace_period_seconds: int | None = None
    policy: str = ""
    uid: str | None = None
    revision: str | None = None
    dry_run: bool = False
    orphan_dependents: bool | None = None
    user: User = SYSTEM
    # One of a whole collection: the request names no object.
    collection: bool = False
    # Whether admission has been asked already, about the request that the deletion is part of.
    admitted: bool = False
    # Of admission plug-ins, filled on the way.
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)

    def shown(self) -> Object:
        """As webhooks and policies see them."""
        conditions = {"uid": self.uid, "resourceVersion": self.revision}
        found: Object = {
            "gracePeriodSeconds": self.grace_period_seconds,
            "preconditions": {name: value for name, value in conditions.items() if value is not None} or None,
            "orphanDependents": self.orphan_dependents,
            "propagationPolicy": self.policy if self.orphan_dependents is None and self.policy else None,
            "dryRun": ["All"] if self.dry_run else None,
        }
        head = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}
        return head | {name: value for name, value in found.items() if value is not None}


@dataclass(slots=True)
class Deleted:
    """The outcome. `gone`: nothing keeps the object; `entry` is its last state."""

    entry: Entry
    gone: bool


async def delete(registry: Registry, namespace: str, name: str, options: DeleteOptions) -> Deleted:
    """Deletes one object, or begins to. Raises StatusError (403, 404, 409)."""
    while True:
        entry = registry.log.head(registry.key(namespace, name))
        if entry is None:
            raise status.not_found(registry.resource, name)
        if registry.converts_remotely:
            await registry.ready([entry])
        obj = registry.object(entry)
        check_preconditions(registry, obj, options)
        if options.admitted or await _is_admitted(registry, entry, obj, options):
            break
    if registry.strategy.held(obj):
        return await _hold(registry, entry, obj, options)
    grace = _grace(registry, obj, options)
    if grace is _PENDING:
        return Deleted(entry, False)
    meta = obj["metadata"]
    finalizers = finalizers_for(meta.get("finalizers") or [], options.policy, default_policy(registry))
    _set(meta, "finalizers", finalizers)
    if isinstance(grace, int):
        _mark_graceful(meta, grace)
    if grace or finalizers:
        if not isinstance(grace, int):
            _mark(meta)
        return Deleted(await registry.replace(entry, obj, options.dry_run), False)
    return Deleted(await _remove(registry, entry, obj, options.dry_run), True)


async def _is_admitted(registry: Registry, entry: Entry, obj: Object, options: DeleteOptions) -> bool:
    """False when the object changed while other programs were asked. Raises StatusError."""
    name = "" if options.collection else entry.key.name
    a = Attributes("DELETE", registry.resource, entry.key.namespace, name, old=obj)
    a.dry_run, a.user, a.options = options.dry_run, options.user, options.shown()
    a.annotations = options.annotations
    gate = registry.gate
    gate.admit(a)
    gate.validate(a)
    if not gate.asks(a):
        return True
    await gate.ask_to_admit(a)
    await gate.ask_to_validate(a)
    options.warnings += a.warnings
    return registry.log.head(entry.key) is entry


async def _remove(registry: Registry, entry: Entry, obj: Object, dry_run: bool) -> Entry:
    revision = entry.revision if dry_run else (await registry.remove(entry)).revision
    if not obj["metadata"].get("deletionTimestamp"):
        return registry.moved(entry, revision)
    return Entry(entry.key, revision, registry.encoded(obj, revision), entry.labels)


async def _hold(registry: Registry, entry: Entry, obj: Object, options: DeleteOptions) -> Deleted:
    if obj["metadata"].get("deletionTimestamp"):
        return Deleted(entry, False)
    obj["metadata"]["deletionTimestamp"] = now()
    registry.strategy.mark_deleted(obj)
    return Deleted(await registry.replace(entry, obj, options.dry_run), False)


def check_preconditions(registry: Registry, obj: Object, options: DeleteOptions) -> None:
    """Raises StatusError (409)."""
    meta, resource = obj["metadata"], registry.resource
    kind = (resource.group, resource.kind)
    if options.uid is not None and options.uid != meta["uid"]:
        raise status.conflict(
            kind,
            meta["name"],
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if options.revision is not None and options.revision != meta["resourceVersion"]:
        raise status.conflict(
            kind,
            meta["name"],
            f"the ResourceVersion in the precondition ({options.revision}) does not match the ResourceVersion in "
            f"record ({meta['resourceVersion']}). The object might have been modified",
        )


class _Pending:
    """A graceful deletion is under way and the new one asks for nothing sooner."""


_PENDING = _Pending()


def _grace(registry: Registry, obj: Object, options: DeleteOptions) -> int | _Pending | None:
    """Seconds of grace to mark the object with, None for kinds that have none."""
    meta = obj["metadata"]
    if meta.get("deletionTimestamp"):
        granted = meta.get("deletionGracePeriodSeconds")
        if granted is None or registry.strategy.graceful_delete(obj, options) is None:
            return None
        wanted = options.grace_period_seconds
        if granted and (wanted is None or wanted >= granted):
            return _PENDING
        return max(0, wanted or 0)
    return registry.strategy.graceful_delete(obj, options)


def _mark_graceful(meta: Object, grace: int) -> None:
    """deletionTimestamp is the time at which the grace ends."""
    begun = meta.get("deletionTimestamp")
    if begun:
        start = datetime.datetime.fromisoformat(begun) - datetime.timedelta(
            seconds=meta.get("deletionGracePeriodSeconds") or 0
        )
    else:
        start = datetime.datetime.now(datetime.UTC)
        if meta.get("generation"):
            meta["generation"] += 1
    meta["deletionTimestamp"] = (start + datetime.timedelta(seconds=grace)).strftime("%Y-%m-%dT%H:%M:%SZ")
    meta["deletionGracePeriodSeconds"] = grace


def _mark(meta: Object) -> None:
    if not meta.get("deletionTimestamp"):
        meta["deletionTimestamp"] = now()
        if meta.get("generation"):
            meta["generation"] += 1
    meta["deletionGracePeriodSeconds"] = 0


def default_policy(registry: Registry) -> str:
    """What happens to dependents when the client does not say; Jobs orphan theirs, as batch/v1 always did."""
    return "Orphan" if registry.resource.group_resource in ("jobs.batch", "replicationcontrollers") else "Background"


def finalizers_for(current: list[str], policy: str, default: str) -> list[str]:
    """The finalizers that a propagation policy asks for; without one those that are there decide."""
    kept = [name for name in current if name not in (ORPHAN, FOREGROUND)]
    if not policy:
        if ORPHAN in current or FOREGROUND in current:
            return current
        policy = default
    added = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
    return kept + added


def _set(meta: Object, name: str, value: list[str]) -> None:
    if value:
        meta[name] = value
    else:
        meta.pop(name, None)
