"""What is asked of a write, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from apiserver_stub.auth.authenticate import SYSTEM, User
from apiserver_stub.schema import decode as bodies
from apiserver_stub.storage.log import Entry

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What CreateOptions, UpdateOptions and PatchOptions have in common."""

    dry_run: bool = False
    field_validation: bodies.FieldValidation = "Warn"
    field_manager: str = ""
    force: bool = False
    user: User = SYSTEM
    # What the client said itself, as JSON has it.
    stated: Mapping[str, Any] = field(default_factory=dict)

    # Where admission plug-ins note what the audit log is to say; None: nobody asks.
    annotations: dict[str, str] | None = None

    def shown(self, kind: str) -> Object:
        """As webhooks and policies see them; kind: CreateOptions or UpdateOptions."""
        return {"kind": kind, "apiVersion": "meta.k8s.io/v1", **self.stated}


@dataclass(slots=True)
class Written:
    """The outcome of a write. `entry` has revision 0 for what a dry run would have created."""

    entry: Entry
    created: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wish:
    """An update as asked for, see Registry.update."""

    change: Callable[[Object], Object]
    options: WriteOptions
    subresource: str
    uid_is_precondition: bool
    owned: bool
    part: "Part | None"


class Part(Protocol):
    """What a subresource shows of an object, and is admitted as (Scale)."""

    def live(self, obj: Object) -> Object: ...

    def put(self, obj: Object, part: Object) -> Object: ...
