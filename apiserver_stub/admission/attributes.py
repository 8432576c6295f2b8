"""What admission plug-ins are told about a request, and what a plug-in is."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from apiserver_stub.auth.authenticate import SYSTEM, User
from apiserver_stub.schema import kinds

Object = dict[str, Any]
Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(slots=True)
class Attributes:
    """One request for one object; see the Kubernetes page "Admission Control" and AdmissionRequest of admission/v1.

    obj: the new object with kind and apiVersion; None for DELETE. old: the object as it is; None for CREATE.
    name: "" where the server is to generate it. options: the CreateOptions, UpdateOptions … of the request.
    warnings become Warning headers, annotations go to the audit log. reinvoke: a plug-in changed the object in a way
    that others may want to see, all mutating ones run once more; again: they do. memory: what plug-ins remember of
    the first time, by their names.
    """

    operation: Operation
    resource: kinds.Resource
    namespace: str
    name: str
    obj: Object | None = None
    old: Object | None = None
    subresource: str = ""
    options: Object = field(default_factory=dict)
    dry_run: bool = False
    user: User = SYSTEM
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    reinvoke: bool = False
    again: bool = False
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> tuple[str, str, str]:
        """Group, version and kind of obj: some subresources have their own (Scale, Eviction, PodExecOptions …)."""
        part = self.resource.subresources.get(self.subresource)
        if part is not None and part.kind:
            return part.group, part.version, part.kind
        return self.resource.group, self.resource.version, self.resource.kind


class Plugin(Protocol):
    def handles(self, resource: kinds.Resource) -> bool:
        """Whether the plug-in ever has a say about the resource; asked once."""


class Mutating(Plugin, Protocol):
    """May change a.obj in place, or refuse it. Runs before the kind's own validation."""

    def admit(self, a: Attributes) -> None:
        """Raises StatusError."""


class Validating(Plugin, Protocol):
    """Only judges. Runs after the kind's own validation, on the object as it would be stored.

    What it sees of other objects still holds when the object is stored: nothing runs in between.
    """

    def validate(self, a: Attributes) -> None:
        """Raises StatusError."""


class Remote(Plugin, Protocol):
    """A plug-in that asks other programs: the world may change meanwhile, and an update then begins anew."""

    def concerns(self, a: Attributes) -> bool:
        """Whether anybody is to be asked about this request; cheap."""

    async def admit(self, a: Attributes) -> None:
        """May replace a.obj. Raises StatusError."""

    async def validate(self, a: Attributes) -> None:
        """Raises StatusError."""


class Charging(Plugin, Protocol):
    """Judges last of all and keeps count of what was let through."""

    async def validate(self, a: Attributes) -> None:
        """Judges and begins to write down the charge before it first waits. Raises StatusError."""
