"""The rules of custom resources: status and generation, validation by schema, selectable fields."""

from __future__ import annotations

from typing import Any

from apiserver_stub.meta import field, status
from apiserver_stub.registry.apiextensions import paths, scaling
from apiserver_stub.registry.strategy import DeleteOptions, Strategy
from apiserver_stub.schema import kinds, structural

Object = dict[str, Any]


class CustomStrategy(Strategy):
    """Of one version of a custom resource."""

    allow_unconditional_update = False

    def __init__(
        self,
        resource: kinds.Resource,
        schema: structural.CompiledSchema,
        scale: scaling.CustomScale | None,
        selectable: tuple[str, ...],
    ) -> None:
        super().__init__(resource)
        self._schema = schema
        self._scale = scale
        self._selectable = {path.removeprefix("."): paths.split(path) for path in selectable}

    def default(self, obj: Object) -> None:
        if obj.get("kind") == self.resource.kind:
            self._schema.default(obj)

    def prepare_create(self, obj: Object) -> None:
        self._check_type(obj)
        if self.status_subresource:
            obj.pop("status", None)
        obj["metadata"]["generation"] = 1

    def prepare_update(self, obj: Object, old: Object) -> None:
        """Whatever changes besides metadata (and the status, where it is a subresource) is a new generation."""
        self._check_type(obj)
        if self.status_subresource:
            _take(obj, old, "status")
        generation = int(old["metadata"].get("generation") or 1)
        obj["metadata"]["generation"] = generation + (_content(obj) != _content(old))

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        """Only the status comes from the client, not even metadata."""
        self._check_type(obj)
        status_given, has_status = obj.get("status"), "status" in obj
        managed = obj["metadata"].get("managedFields")
        obj.clear()
        obj.update(old)
        obj["metadata"] = dict(old["metadata"])
        if managed is not None:
            obj["metadata"]["managedFields"] = managed
        if has_status:
            obj["status"] = status_given
        else:
            obj.pop("status", None)

    def validate(self, obj: Object) -> list[field.FieldError]:
        return self._schema.validate(obj) + self._scale_faults(obj)

    def validate_update(self, obj: Object, old: Object) -> list[field.FieldError]:
        return self._schema.validate(obj, old) + self._scale_faults(obj)

    def validate_status_update(self, obj: Object, old: Object) -> list[field.FieldError]:
        return self._schema.validate_status(obj, old) + (self._scale.status_faults(obj) if self._scale else [])

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {name: paths.text(obj, path) for name, path in self._selectable.items()}

    def graceful_delete(self, obj: Object, options: DeleteOptions) -> int | None:
        return None

    def has_generation(self, obj: Object) -> bool:
        return True

    def reset_fields(self, subresource: str) -> tuple[tuple[str, ...], ...]:
        if subresource == "status":
            return (("spec",),)
        return (("status",),) if self.status_subresource and not subresource else ()

    def _scale_faults(self, obj: Object) -> list[field.FieldError]:
        return self._scale.faults(obj) + self._scale.status_faults(obj) if self._scale else []

    def _check_type(self, obj: Object) -> None:
        """Raises StatusError (422) for another kind: nothing else is looked at then."""
        kind, api_version = obj.get("kind"), obj.get("apiVersion")
        errors = []
        if kind != self.resource.kind:
            errors.append(field.invalid("kind", kind, f"must be {self.resource.kind}"))
        if api_version != self.resource.api_version:
            errors.append(field.invalid("apiVersion", api_version, f"must be {self.resource.api_version}"))
        if errors:
            group = str(api_version).rpartition("/")[0]
            raise status.invalid(group, str(kind), obj["metadata"].get("name", ""), errors)


def _content(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if name != "metadata"}


def _take(into: Object, source: Object, name: str) -> None:
    if name in source:
        into[name] = source[name]
    else:
        into.pop(name, None)
