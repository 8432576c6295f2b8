"""Garbage collection: what becomes of an object, given how its owners stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from operators._kube.actions import Propagation
from operators.garbagecollector.graph import Node, Owner


class Standing(Enum):
    """Of an owner. UNKNOWN: it could not be found out, so nothing may be concluded."""

    SOLID = "solid"
    ABSENT = "absent"
    WAITING = "waiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Release:
    """Some owners remain: drop the references to those that are gone or waiting to go."""

    uids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Remove:
    """Nobody needs the object. `unblock`: its owners must not wait for it, because it waits for one of them."""

    propagation: Propagation
    unblock: bool = False


def decide(node: Node, standing: Mapping[str, Standing], dependents: Sequence[Node]) -> Keep | Release | Remove:
    """See the Kubernetes page "Garbage Collection": an object goes when its last owner has gone.

    `standing` of each owner by UID; `dependents` of the object itself.
    """
    found = {uid: standing[uid] for uid in (owner.uid for owner in node.owners)}
    if not found or node.deleting:
        return Keep()
    leaving = frozenset(uid for uid, state in found.items() if state in (Standing.ABSENT, Standing.WAITING))
    if len(leaving) < len(found):
        return Release(leaving) if leaving else Keep()
    if Standing.WAITING in found.values() and dependents:
        # Its owner is deleted in the foreground, so its own dependants go first as well. In a circle of owners
        # somebody has to give in.
        return Remove("Foreground", unblock=any(dependent.deletes_dependents for dependent in dependents))
    return Remove(node.policy)


def blocking(node: Node, dependents: Sequence[Node]) -> list[Node]:
    """The dependants that a foreground deletion of `node` waits for."""
    return [d for d in dependents if any(owner.uid == node.uid and owner.blocks for owner in d.owners)]


def wrong_namespace(owner: Owner, node: Node) -> str:
    """The message of OwnerRefInvalidNamespace."""
    namespace = node.key.namespace
    reference = f"[{owner.api_version}/{owner.kind}, namespace: {namespace}, name: {owner.name}, uid: {owner.uid}]"
    return f'ownerRef {reference} does not exist in namespace "{namespace}"'
