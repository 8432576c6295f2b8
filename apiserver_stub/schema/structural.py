"""Structural schemas of custom resources, compiled: node, pruning, defaults, validation.

What does the work is imported with the first schema: a node without custom resources doesn't load it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema import openapi

if TYPE_CHECKING:
    from apiserver_stub.schema import structural_shape, structural_values
    from apiserver_stub.schema.cel.rules import Rules

Object = dict[str, Any]

# Faults after which upstream doesn't run CEL rules, and what it says then.
_BLOCKING: Final = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
_UNCHECKED: Final = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)


class CompiledSchema:
    """One version's schema, ready for use; made by `compile`. Parts are compiled when they are first needed.

    `node` serves patches and server-side apply as the node of a built-in kind does; defaults stand in its raw form
    as "d". See the Kubernetes page "Extend the Kubernetes API with CustomResourceDefinitions".
    """

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self.schema: Mapping[str, Any] = schema or {}
        # Before v1 a CRD could have no schema: then everything is kept.
        self.free = schema is None

    @functools.cached_property
    def node(self) -> openapi.Node:
        from apiserver_stub.schema import structural_node

        return structural_node.node(self.schema)

    @functools.cached_property
    def _shape(self) -> structural_shape.Shape:
        from apiserver_stub.schema import structural_shape

        return structural_shape.Shape(self.schema, root=True)

    @functools.cached_property
    def _check(self) -> structural_values.Check:
        from apiserver_stub.schema import structural_values

        return structural_values.build(self.schema)

    @functools.cached_property
    def _status_check(self) -> structural_values.Check | None:
        from apiserver_stub.schema import structural_values

        status = (self.schema.get("properties") or {}).get("status")
        return structural_values.build(status) if status else None

    @functools.cached_property
    def _rules(self) -> Rules | None:
        if not _has_rules(self.schema):
            return None
        from apiserver_stub.schema.cel.rules import compile_rules

        return compile_rules(self.schema)

    def prune(self, obj: Object) -> list[str]:
        """Removes unknown fields in place, and gives their paths in order; the root's metadata is left alone.

        Metadata of embedded resources is brought into form as well.
        """
        from apiserver_stub.schema import structural_shape

        unknown: list[str] = []
        if not self.free:
            structural_shape.prune(self._shape, obj, "", unknown)
        structural_shape.coerce(self._shape, obj, "", unknown)
        structural_shape.whole_numbers({name: part for name, part in obj.items() if name != "metadata"})
        return sorted(unknown)

    def default(self, obj: Object) -> None:
        """Fills in defaults in place; drops nulls where null may not be and no default stands in."""
        from apiserver_stub.schema import structural_shape

        structural_shape.default(self._shape, obj)

    def values(self, value: Any, path: str = "") -> list[FieldError]:
        """Faults of a value alone, for instance of a default; `path` is where it stands."""
        from apiserver_stub.schema import structural_values

        return structural_values.errors(self._check, value, path)

    def validate(self, obj: Object, old: Object | None = None) -> list[FieldError]:
        """Faults of an object, or of an update of `old`: values, embedded resources, list types, CEL rules."""
        from apiserver_stub.schema import structural_values

        before = structural_values.MISSING if old is None else old
        out = structural_values.errors(self._check, obj, "", before)
        return out + self._rest(out, obj, old)

    def validate_status(self, obj: Object, old: Object) -> list[FieldError]:
        """Faults of an update of the status subresource: only the status' values are looked at."""
        from apiserver_stub.schema import structural_values

        out: list[FieldError] = []
        if self._status_check is not None and "status" in obj:
            before = old.get("status", structural_values.MISSING)
            out = structural_values.errors(self._status_check, obj["status"], "status", before)
        return out + self._rest(out, obj, old)

    def _rest(self, faults: list[FieldError], obj: Object, old: Object | None) -> list[FieldError]:
        from apiserver_stub.schema import structural_lists

        shape = self._shape
        out = structural_lists.embedded(shape, obj)
        if shape.with_lists and (old is None or not structural_lists.unique(shape, old)):
            out += structural_lists.unique(shape, obj)
        if self._rules is None:
            return out
        if any(fault.reason in _BLOCKING for fault in (*faults, *out)):
            return [*out, field.invalid("<nil>", None, _UNCHECKED)]
        return out + self._rules.validate(obj, old)


def compile(schema: Mapping[str, Any] | None) -> CompiledSchema:
    """A schema (openAPIV3Schema of one version) ready for use; keep the result, it holds what was compiled."""
    return CompiledSchema(schema)


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, dict):
        return bool(schema.get("x-kubernetes-validations")) or any(_has_rules(sub) for sub in schema.values())
    return isinstance(schema, list) and any(_has_rules(sub) for sub in schema)
