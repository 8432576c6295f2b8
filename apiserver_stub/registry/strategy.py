"""What a kind may say about its own life; the base class holds for every kind without rules of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from apiserver_stub.meta import field
    from apiserver_stub.schema import kinds

Object = dict[str, Any]


class DeleteOptions(Protocol):
    """The part of metav1.DeleteOptions that a kind may look at."""

    @property
    def grace_period_seconds(self) -> int | None: ...


class Strategy:
    """Rules of one kind; the generic registry calls them in this order. Objects are plain dicts, changed in place."""

    allow_create_on_update = False
    # Whether an update may leave out metadata.resourceVersion and win over whatever is there.
    allow_unconditional_update = True
    # Whether a delete answers with the object instead of a Status.
    returns_deleted = False

    def __init__(self, resource: kinds.Resource) -> None:
        self.resource = resource
        self.status_subresource = "status" in resource.subresources

    def default(self, obj: Object) -> None:
        """Fills what the client left out (upstream's defaults)."""

    def prepare_create(self, obj: Object) -> None:
        """Drops what a client may not set on create. The first generation is 1 for kinds with a status of their own."""
        if self.status_subresource:
            obj.pop("status", None)
        if self.has_generation(obj):
            obj["metadata"]["generation"] = 1
        else:
            obj["metadata"].pop("generation", None)

    def prepare_update(self, obj: Object, old: Object) -> None:
        """Keeps the status; a changed spec is a new generation."""
        if self.status_subresource:
            _take(obj, old, "status")
        self._keep_generation(obj, old)
        if self.has_generation(obj) and obj.get("spec") != old.get("spec"):
            obj["metadata"]["generation"] = int(old["metadata"].get("generation", 0)) + 1

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        """Keeps everything but the status (and metadata that any update may change)."""
        for name in {*obj, *old} - {"metadata", "status", "apiVersion", "kind"}:
            _take(obj, old, name)
        self._keep_generation(obj, old)

    def validate(self, obj: Object) -> list[field.FieldError]:
        return []

    def validate_update(self, obj: Object, old: Object) -> list[field.FieldError]:
        return self.validate(obj)

    def validate_status_update(self, obj: Object, old: Object) -> list[field.FieldError]:
        return []

    def validate_part_update(self, obj: Object, old: Object, subresource: str) -> list[field.FieldError]:
        """Of subresources other than status: ephemeralcontainers, resize, approval, finalize, binding."""
        return []

    def reset_fields(self, subresource: str) -> tuple[tuple[str, ...], ...]:
        """Paths that a write through the subresource ("" for the object) can't change: nobody owns them by it."""
        if not self.status_subresource:
            return ()
        if subresource == "status":
            return (("spec",),)
        return () if subresource else (("status",),)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Texts for `Warning: 299` headers."""
        return []

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        """Values of the kind's field selectors, besides metadata.name and metadata.namespace."""
        return {}

    def graceful_delete(self, obj: Object, options: DeleteOptions) -> int | None:
        """Seconds: mark the object and keep it, its node deletes it in the end (Pods). None: remove it now."""
        return None

    def held(self, obj: Object) -> bool:
        """Whether something besides metadata.finalizers keeps a deleted object (namespaces: spec.finalizers)."""
        return False

    def mark_deleted(self, obj: Object) -> None:
        """Changes a held object when its deletion begins (namespaces: phase Terminating)."""

    def has_generation(self, obj: Object) -> bool:
        """Whether metadata.generation counts changes of the spec."""
        return self.status_subresource and "spec" in obj

    def _keep_generation(self, obj: Object, old: Object) -> None:
        _take(obj["metadata"], old["metadata"], "generation")


def _take(into: Object, source: Object, name: str) -> None:
    if name in source:
        into[name] = source[name]
    else:
        into.pop(name, None)
