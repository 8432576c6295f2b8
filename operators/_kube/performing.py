"""Carrying out the actions of a plan."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from operators._kube import meta
from operators._kube.actions import Action, Create, Delete, Event, EventType, Note, Patch
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object

if TYPE_CHECKING:
    from operators._kube.client import Kube


async def run(kube: Kube, actions: Iterable[Action], owner: Object | None) -> Sequence[Exception]:
    """See Kube.perform."""
    for type_, group in itertools.groupby(actions, key=type):
        neighbours = list(group)
        for batch in _batches(neighbours) if type_ is Create else [neighbours]:
            outcomes = await asyncio.gather(*(_act(kube, action, owner) for action in batch), return_exceptions=True)
            errors = [outcome for outcome in outcomes if outcome is not None]
            for error in errors:
                if not isinstance(error, Exception):
                    raise error
            if errors:
                return [error for error in errors if isinstance(error, Exception)]
    return []


def owned(body: Object, owner: Object) -> Object:
    """A copy of `body` whose controller is `owner`, in the owner's namespace where it names none."""
    metadata = dict(body.get("metadata") or {})
    if not metadata.get("namespace") and meta.namespace_of(owner):
        metadata["namespace"] = meta.namespace_of(owner)
    if meta.controller_of(body) is None:
        metadata["ownerReferences"] = [*(metadata.get("ownerReferences") or ()), meta.owner_reference(owner)]
    return {**body, "metadata": metadata}


async def _act(kube: Kube, action: Action, owner: Object | None) -> None:
    if isinstance(action, Event):
        await kube.event(action.regarding, action.type, action.reason, action.message, field_path=action.field_path)
        return
    try:
        name = await _write(kube, action, owner)
    except ApiError as error:
        await _note(kube, owner, "Warning", action.failure, _name_in(action), str(error))
        raise
    await _note(kube, owner, "Normal", action.success, name, "")


async def _write(kube: Kube, action: Create | Patch | Delete, owner: Object | None) -> str:
    """Returns the object's name, which the server may have made up."""
    if isinstance(action, Create):
        body = owned(action.body, owner) if owner is not None and action.subresource is None else action.body
        created = await kube.create(action.api_version, action.resource, body, subresource=action.subresource)
        return meta.name_of(created) or meta.name_of(body)
    key = Key(action.namespace, action.name)
    if isinstance(action, Patch):
        await kube.patch(
            action.api_version,
            action.resource,
            key,
            action.body,
            content_type=action.content_type,
            subresource=action.subresource,
        )
    else:
        await kube.delete(
            action.api_version,
            action.resource,
            key,
            uid=action.uid,
            resource_version=action.resource_version,
            propagation=action.propagation,
            grace_seconds=action.grace_seconds,
        )
    return action.name


async def _note(kube: Kube, owner: Object | None, type_: EventType, note: Note | None, name: str, error: str) -> None:
    if owner is not None and note is not None:
        await kube.event(owner, type_, note.reason, note.message.format(name=name, error=error))


def _batches(actions: list[Action]) -> Iterator[list[Action]]:
    size, start = 1, 0
    while start < len(actions):
        yield actions[start : start + size]
        start, size = start + size, size * 2


def _name_in(action: Create | Patch | Delete) -> str:
    return meta.name_of(action.body) if isinstance(action, Create) else action.name
