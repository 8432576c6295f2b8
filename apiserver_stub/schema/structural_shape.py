"""Pruning and defaulting of custom resources: the shape of a structural schema, and walks over objects along it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.schema import diagnose, openapi

Schema = Mapping[str, Any]
META_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata"})
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_ABSENT: Final = object()


class Shape:
    """What a structural schema says about fields, without their values.

    `values` is the shape of additional properties; `open` says that they may be anything.
    """

    __slots__ = (
        "default",
        "defaults",
        "embedded",
        "fields",
        "items",
        "keys",
        "list_type",
        "nullable",
        "open",
        "preserve",
        "values",
        "with_embedded",
        "with_lists",
    )

    def __init__(self, schema: Schema, *, root: bool = False) -> None:
        self.fields = {name: _shape(sub) for name, sub in (schema.get("properties") or {}).items()}
        extra = schema.get("additionalProperties")
        self.values = _shape(extra) if isinstance(extra, dict) else None
        self.open = extra is True
        self.items = _shape(schema["items"]) if isinstance(schema.get("items"), dict) else None
        self.embedded = root or bool(schema.get("x-kubernetes-embedded-resource"))
        self.preserve = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        self.nullable = bool(schema.get("nullable"))
        self.default = schema.get("default")
        self.defaults = tuple((name, sub) for name, sub in self.fields.items() if sub.default is not None)
        self.list_type = schema.get("x-kubernetes-list-type")
        self.keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        below = [*self.fields.values(), *(part for part in (self.values, self.items) if part is not None)]
        # Most schemas have neither below most of their fields: those walks end early.
        self.with_lists: bool = self.list_type in ("set", "map") or any(part.with_lists for part in below)
        self.with_embedded: bool = (self.embedded and not root) or any(part.with_embedded for part in below)

    def of(self, name: str) -> Shape | None:
        found = self.fields.get(name)
        return found if found is not None else self.values


_STRUCTURE: Final = frozenset(
    [
        *("properties", "additionalProperties", "items", "default", "x-kubernetes-embedded-resource"),
        *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
    ]
)
_LEAF: Final = Shape({})
_NULLABLE_LEAF: Final = Shape({"nullable": True})


def _shape(schema: Schema) -> Shape:
    """The shape of a part; scalars, which are most parts, share theirs."""
    if not _STRUCTURE.isdisjoint(schema):
        return Shape(schema)
    return _NULLABLE_LEAF if schema.get("nullable") else _LEAF


def prune(shape: Shape | None, value: Any, path: str, unknown: list[str]) -> None:
    """Removes what the schema doesn't know, in place; adds the paths of what went."""
    if shape is not None and shape.preserve:
        _prune_known(shape, value, path, unknown)
    elif isinstance(value, dict):
        _prune_object(shape, value, path, unknown)
    elif isinstance(value, list):
        items = shape.items if shape is not None else None
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                prune(items, item, f"{path}[{index}]", unknown)


def _prune_object(shape: Shape | None, value: dict[str, Any], path: str, unknown: list[str]) -> None:
    gone = []
    for name, inner in value.items():
        if shape is not None and shape.embedded and name in META_FIELDS:
            continue
        sub = shape.of(name) if shape is not None else None
        if sub is None and not (shape is not None and shape.open):
            gone.append(name)
        elif isinstance(inner, dict | list):
            # Additional properties that are merely allowed have no schema: all below them is unknown.
            prune(sub, inner, _join(path, name), unknown)
    for name in gone:
        del value[name]
        unknown.append(_join(path, name))


def _prune_known(shape: Shape, value: Any, path: str, unknown: list[str]) -> None:
    """Below preserved fields, only those with a schema of their own are pruned."""
    if isinstance(value, dict):
        for name, inner in value.items():
            sub = shape.of(name)
            if sub is not None and not (shape.embedded and name in META_FIELDS):
                prune(sub, inner, _join(path, name), unknown)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            _prune_known(shape.items, item, f"{path}[{index}]", unknown)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def coerce(shape: Shape, value: Any, path: str, unknown: list[str], *, root: bool = True) -> None:
    """Brings the metadata of embedded resources into ObjectMeta's form, in place; what is malformed stays."""
    if not shape.with_embedded:
        return
    if isinstance(value, dict):
        if shape.embedded and not root and isinstance(value.get("metadata"), dict):
            _coerce_metadata(value, path, unknown)
        for name, inner in value.items():
            sub = shape.of(name)
            if sub is not None and not (shape.embedded and name in META_FIELDS):
                coerce(sub, inner, _join(path, name), unknown, root=False)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            coerce(shape.items, item, f"{path}[{index}]", unknown, root=False)


def _coerce_metadata(value: dict[str, Any], path: str, unknown: list[str]) -> None:
    decoder = diagnose.Decoder()
    try:
        done = decoder.decode(value["metadata"], openapi.definitions().node(_META))
    except diagnose.DecodeError:
        return
    value["metadata"] = {name: inner for name, inner in done.items() if inner is not None}
    for text in decoder.strict:
        unknown.append(_join(path, f"metadata.{text.removeprefix('unknown field ').strip(chr(34))}"))


def default(shape: Shape, value: Any) -> None:
    """Drops nulls that may not be there and have no default, then fills in defaults; in place."""
    _drop_nulls(shape, value)
    _fill(shape, value)


def _drop_nulls(shape: Shape | None, value: Any) -> None:
    if shape is None:
        # Without a schema nothing below is known, so null may stand anywhere.
        return
    if isinstance(value, dict):
        gone = None
        for name, inner in value.items():
            sub = shape.of(name)
            if sub is None:
                continue
            if inner is None:
                if not sub.nullable and sub.default is None:
                    gone = [*(gone or ()), name]
            elif isinstance(inner, dict | list):
                _drop_nulls(sub, inner)
        for name in gone or ():
            del value[name]
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                _drop_nulls(shape.items, item)


def _fill(shape: Shape, value: Any) -> None:
    if isinstance(value, dict):
        for name, sub in shape.defaults:
            found = value.get(name, _ABSENT)
            if found is _ABSENT or (found is None and not sub.nullable):
                value[name] = _copy(sub.default)
        for name, inner in value.items():
            sub_or_none = shape.of(name)
            if sub_or_none is None:
                continue
            if inner is None and name not in shape.fields and not sub_or_none.nullable:
                value[name] = inner = _copy(sub_or_none.default)
            if isinstance(inner, dict | list):
                _fill(sub_or_none, inner)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            if item is None and not shape.items.nullable:
                value[index] = item = _copy(shape.items.default)
            if isinstance(item, dict | list):
                _fill(shape.items, item)


def _copy(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, dict | list) else value


def whole_numbers(value: Any) -> None:
    """Numbers like 3.0 become integers, in place: that is how they are answered and stored."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if type(inner) is float:
                if inner.is_integer() and abs(inner) < 1e21:
                    value[name] = int(inner)
            elif isinstance(inner, dict | list):
                whole_numbers(inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if type(inner) is float:
                if inner.is_integer() and abs(inner) < 1e21:
                    value[index] = int(inner)
            elif isinstance(inner, dict | list):
                whole_numbers(inner)
