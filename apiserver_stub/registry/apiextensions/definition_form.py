"""A CustomResourceDefinition as its rules see it: what all versions have in common stands once, for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from apiserver_stub.registry.apiextensions import definition_go as go

Object = dict[str, Any]

_LISTS: Final = ("allOf", "anyOf", "oneOf")
_MAPS: Final = ("properties", "patternProperties", "definitions")
_EITHER: Final = ("additionalProperties", "additionalItems")


@dataclass(frozen=True, slots=True)
class Part:
    """What one version says, or what all of them say alike: schema, columns, subresources and selectable fields."""

    validation: Object | None = None
    subresources: Object | None = None
    columns: list[Object] | None = None
    selectable: list[Object] | None = None

    @property
    def schema(self) -> Object | None:
        return (self.validation or {}).get("openAPIV3Schema")

    @property
    def has_status(self) -> bool:
        return "status" in (self.subresources or {})


@dataclass(frozen=True, slots=True)
class Form:
    """The spec in upstream's internal form: what is the same in every version is in `common` and not in `parts`.

    Error paths follow it: spec.validation.openAPIV3Schema, or spec.versions[1].schema.openAPIV3Schema.
    """

    spec: Object
    common: Part
    parts: list[Part]
    versions: list[Object] = field(default_factory=list)

    @property
    def preserve_unknown(self) -> bool:
        return bool(self.spec.get("preserveUnknownFields"))

    @property
    def version(self) -> str:
        """spec.version, the first version's name."""
        return str(self.versions[0].get("name", "")) if self.versions else ""

    def schemas(self) -> Iterator[Object]:
        for part in (self.common, *self.parts):
            if part.schema is not None:
                yield part.schema

    def any_schema(self, has: Callable[[Object], bool]) -> bool:
        """Whether some schema, or one within it, has a property."""
        return any(has(found) for schema in self.schemas() for found in walk(schema))

    def shown(self) -> list[Object]:
        """The versions as upstream prints them."""
        return [go.version(v, p.validation, p.subresources, p.columns, p.selectable) for v, p in self._pairs()]

    def _pairs(self) -> Iterator[tuple[Object, Part]]:
        return zip(self.versions, self.parts, strict=True)


def form(spec: Object) -> Form:
    versions = spec.get("versions") or []
    columns = {
        "validation": [v.get("schema") for v in versions],
        "subresources": [v.get("subresources") for v in versions],
        "columns": [v.get("additionalPrinterColumns") or None for v in versions],
        "selectable": [v.get("selectableFields") or None for v in versions],
    }
    alike = {name: bool(values) and all(v == values[0] for v in values) for name, values in columns.items()}
    # Selectable fields are of one schema, so they move with it only.
    alike["selectable"] = alike["selectable"] and alike["validation"]
    common = Part(**{name: values[0] for name, values in columns.items() if alike[name]})
    own = [
        Part(**{name: values[i] for name, values in columns.items() if not alike[name]}) for i in range(len(versions))
    ]
    return Form(spec, common, own, versions)


def within(schema: Object) -> Iterator[Object]:
    """The schemas directly within a schema."""
    items = schema.get("items")
    if isinstance(items, dict):
        yield items
    elif isinstance(items, list):
        yield from items
    for name in _LISTS:
        yield from schema.get(name) or ()
    if schema.get("not") is not None:
        yield schema["not"]
    for name in _MAPS:
        yield from (schema.get(name) or {}).values()
    for name in _EITHER:
        if isinstance(schema.get(name), dict):
            yield schema[name]
    for dependency in (schema.get("dependencies") or {}).values():
        if isinstance(dependency, dict):
            yield dependency


def has_rules(schema: Object) -> bool:
    """Whether there are CEL rules in a schema."""
    return any(found.get("x-kubernetes-validations") for found in walk(schema))


def walk(schema: Object) -> Iterator[Object]:
    """A schema and every schema within it."""
    open_ = [schema]
    while open_:
        found = open_.pop()
        yield found
        open_ += within(found)
