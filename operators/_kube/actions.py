"""What a plan may ask for: frozen descriptions of API writes, carried out by `Kube.perform`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from operators._kube.meta import Object

EventType = Literal["Normal", "Warning"]
PatchType = Literal["merge", "strategic", "json", "apply"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class Note:
    """An Event on the owner about one action: `message` may contain {name} (of the object) and {error}.

    `reason` in UpperCamelCase, as `kubectl describe` shows it.
    """

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Create:
    """POST `body` (a full object). `perform(owner=…)` adds the controller reference and the owner's namespace.

    Creates that follow each other run in batches of 1, 2, 4 … so that a refusal costs few requests.
    """

    api_version: str
    resource: str
    body: Object
    subresource: str | None = None
    success: Note | None = None
    failure: Note | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """PATCH an object or one of its subresources. `body`: a list of operations for "json", else an object."""

    api_version: str
    resource: str
    namespace: str
    name: str
    body: Object | list[Object]
    content_type: PatchType = "merge"
    subresource: str | None = None
    success: Note | None = None
    failure: Note | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE an object. `uid` and `resource_version` are preconditions (409 where they differ).

    `grace_seconds`: None leaves the kind's own grace period. An object that is gone already counts as done.
    """

    api_version: str
    resource: str
    namespace: str
    name: str
    uid: str | None = None
    resource_version: str | None = None
    propagation: Propagation | None = "Background"
    grace_seconds: int | None = None
    success: Note | None = None
    failure: Note | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A core/v1 Event about `regarding` (an object). Best effort, equal ones are counted, never fails a plan."""

    regarding: Object
    type: EventType
    reason: str
    message: str
    field_path: str | None = None


Action = Create | Patch | Delete | Event
