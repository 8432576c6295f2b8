"""Who owns whom: the objects of the cluster reduced to what garbage collection needs.

One record of a few hundred bytes for each object; labels, annotations and content are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from operators._kube import meta
from operators._kube.actions import Propagation
from operators._kube.meta import Key
from operators._kube.paths import Kind

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
# UIDs of the deleted that are remembered, so that their dependants need no look-up each.
_GRAVES = 4096


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner reference. `blocks`: blockOwnerDeletion, a foreground deletion of the owner waits for the dependant."""

    uid: str
    api_version: str
    kind: str
    name: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Node:
    """An object. `deletes_dependents` first and `orphans_dependents` first, before it goes itself."""

    uid: str
    kind: Kind
    key: Key
    version: str
    owners: tuple[Owner, ...] = ()
    deleting: bool = False
    deletes_dependents: bool = False
    orphans_dependents: bool = False
    policy: Propagation = "Background"


_KEPT = ("name", "namespace", "uid", "resourceVersion", "ownerReferences", "finalizers", "deletionTimestamp")


def slim(obj: dict[str, Any]) -> dict[str, Any]:
    """What the cache keeps of an object."""
    kept = {field: value for field, value in meta.metadata(obj).items() if field in _KEPT}
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": kept}


def node_of(kind: Kind, obj: dict[str, Any]) -> Node:
    """The record of an object; its spec is not looked at. `policy`: how it wants to be deleted, by its finalizers."""
    metadata = meta.metadata(obj)
    finalizers, deleting = metadata.get("finalizers") or (), meta.is_deleting(obj)
    owners = tuple(
        Owner(ref["uid"], ref["apiVersion"], ref["kind"], ref["name"], bool(ref.get("blockOwnerDeletion")))
        for ref in meta.owners_of(obj)
    )
    policy: Propagation = (
        "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"
    )
    return Node(
        meta.uid_of(obj),
        kind,
        meta.key_of(obj),
        metadata.get("resourceVersion") or "",
        owners,
        deleting,
        deleting and FOREGROUND in finalizers,
        deleting and ORPHAN in finalizers,
        policy,
    )


class Graph:
    """All known objects by UID. Each change returns the UIDs that have to be looked at because of it."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = {}
        self._kinds: dict[Kind, set[str]] = {}
        self._graves: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def clear(self) -> None:
        self._nodes.clear()
        self._dependents.clear()
        self._kinds.clear()
        self._graves.clear()

    def get(self, uid: str) -> Node | None:
        return self._nodes.get(uid)

    def dependents(self, uid: str) -> list[Node]:
        return [self._nodes[dependent] for dependent in self._dependents.get(uid, ())]

    def is_dead(self, uid: str) -> bool:
        """True for an object that was seen and is gone; UIDs are never used twice."""
        return uid in self._graves

    def put(self, node: Node) -> set[str]:
        old = self._nodes.get(node.uid)
        if node.uid in self._graves:
            return set()
        self._nodes[node.uid] = node
        self._kinds.setdefault(node.kind, set()).add(node.uid)
        if old is not None and replace(old, version=node.version) == node:
            return set()
        for owner in old.owners if old is not None else ():
            self._unlink(owner.uid, node.uid)
        for owner in node.owners:
            self._dependents.setdefault(owner.uid, set()).add(node.uid)
        touched = self._waiting(old.owners) if old is not None else set()
        if node.owners or node.deletes_dependents or node.orphans_dependents:
            touched.add(node.uid)
        if node.deletes_dependents:
            touched |= self._dependents.get(node.uid, set())
        return touched

    def remove(self, uid: str) -> set[str]:
        node = self._nodes.pop(uid, None)
        if node is None:
            return set()
        self._kinds[node.kind].discard(uid)
        self._graves[uid] = None
        while len(self._graves) > _GRAVES:
            del self._graves[next(iter(self._graves))]
        for owner in node.owners:
            self._unlink(owner.uid, uid)
        return self._dependents.get(uid, set()) | self._waiting(node.owners)

    def replace(self, kind: Kind, nodes: Iterable[Node]) -> set[str]:
        """Takes a complete list of a kind."""
        touched: set[str] = set()
        present = set()
        for node in nodes:
            present.add(node.uid)
            touched |= self.put(node)
        for uid in self._kinds.get(kind, set()) - present:
            touched |= self.remove(uid)
        return touched

    def _waiting(self, owners: Iterable[Owner]) -> set[str]:
        found = (self._nodes.get(owner.uid) for owner in owners)
        return {node.uid for node in found if node is not None and node.deletes_dependents}

    def _unlink(self, owner: str, dependent: str) -> None:
        present = self._dependents.get(owner)
        if present is not None:
            present.discard(dependent)
            if not present:
                del self._dependents[owner]
