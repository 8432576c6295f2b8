"""How a structured merge sees a schema: each Node as a map, a list or a scalar with its ownership rules.

Made once per Node and kept with it. A field without a schema is free-form: its maps are granular, its lists atomic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

from apiserver_stub.schema import openapi

Kind = Literal["map", "list", "scalar", "any"]
# "untyped": any scalar (IntOrString, times, quantities).
Scalar = Literal["numeric", "string", "boolean", "untyped"]

_NO_FIELDS: Final[Mapping[str, Any]] = {}
_SORTED: Final = orjson.OPT_SORT_KEYS
# Defaults of keys that OpenAPI v2 does not tell: (definition of the element, key).
_KEY_DEFAULTS: Final = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.LocalObjectReference", "name"): "",
}
_ZEROS: Final = {"string": "", "integer": 0, "number": 0, "boolean": False}


class KeyFault(Exception):
    """An element of a keyed list or of a set that can't be told from others; the text is upstream's."""


class Shape:
    """One place of a schema.

    kind: "map" (also of structs), "list", "scalar" or "any". atomic: owned as a whole. scalar: what a scalar may be.
    fields: declared fields of a map. item: what a map's other values, or a list's elements, are; None where only
    declared fields may stand. keys: (name, default or None) of a keyed list; is_set: a list of distinct scalars.
    """

    __slots__ = ("_fields", "_item", "_node", "atomic", "is_set", "keys", "kind", "scalar", "single")

    def __init__(self, node: openapi.Node, *, kind: Kind, atomic: bool) -> None:
        self._node = node
        self.kind: Kind = kind
        self.atomic = atomic
        self.is_set = kind == "list" and node.list_type == "set"
        self.keys: tuple[tuple[str, Any], ...] = ()
        self.scalar: Scalar = _scalar(node)
        self._fields: Mapping[str, Shape] | None = None
        self._item: Shape | None = None
        if kind == "list" and not atomic and not self.is_set:
            self.keys = tuple((name, _key_default(node.items, name)) for name in node.list_map_keys)
        # Most keyed lists have one key, without a default: told from its value alone.
        self.single = self.keys[0][0] if len(self.keys) == 1 else ""

    @property
    def fields(self) -> Mapping[str, Shape]:
        found = self._fields
        if found is None:
            node = self._node
            fields = node.fields if self.kind == "map" and node.type == "object" else _NO_FIELDS
            found = self._fields = {name: of(field) for name, field in fields.items()}
        return found

    @property
    def item(self) -> Shape | None:
        if self._item is None and self.kind in ("map", "list"):
            node = self._node
            inner = node.items if self.kind == "list" else node.values
            if inner is not None:
                self._item = of(inner)
            elif self.kind == "list" or node.type == "map":
                self._item = ANY
        return self._item

    def element(self, value: Any) -> str:
        """The step that leads to an element of an associative list. Raises KeyFault."""
        if self.is_set:
            return _member(value)
        if type(value) is not dict:
            raise KeyFault(_NULL_ELEMENT if value is None else _SCALAR_ELEMENT)
        if self.single and self.single in value:
            return f"k:{_encoded({self.single: value[self.single]})}"
        found = {}
        for name, default in self.keys:
            given = value.get(name, default)
            if given is not None or name in value:
                found[name] = given
        if not found:
            names = " ".join(f'"{name}"' for name, _ in self.keys)
            raise KeyFault(
                f"associative list with keys has an element that omits all key fields [{names}] "
                "(and doesn't have default values for any key fields)"
            )
        return f"k:{_encoded(found)}"


_NULL_ELEMENT: Final = "associative list with keys may not have a null element"
_SCALAR_ELEMENT: Final = "associative list with keys may not have non-map elements"


def _encoded(value: Any) -> str:
    try:
        return orjson.dumps(value, option=_SORTED).decode()
    except orjson.JSONEncodeError:
        raise KeyFault("a key that is too large or nested too deeply") from None


def _member(value: Any) -> str:
    if type(value) is dict:
        raise KeyFault("associative list without keys has an element that's a map type")
    if type(value) is list:
        raise KeyFault("not supported: associative list with lists as elements")
    if value is None:
        raise KeyFault("associative list without keys has an element that's an explicit null")
    return f"v:{_encoded(value)}"


def _scalar(node: openapi.Node) -> Scalar:
    if node.type == "string":
        return "string" if node.format in ("", "byte") else "untyped"
    if node.type in ("integer", "number"):
        return "numeric"
    return "boolean" if node.type == "boolean" else "untyped"


def _key_default(items: openapi.Node | None, name: str) -> Any:
    """The value of a key that an element leaves out; None if it must not."""
    if items is None:
        return None
    known = _KEY_DEFAULTS.get((items.name, name))
    if known is not None:
        return known
    field = items.field(name)
    if field is None:
        return None
    if field.default is not openapi.MISSING:
        return field.default
    # Built-in kinds: required fields are no pointers, so that Go's zero is their default.
    return _ZEROS.get(field.type) if items.name and name in items.required else None


def of(node: openapi.Node) -> Shape:
    """The shape of a node; made when it is first asked for."""
    if node.memo is None:
        node.memo = _make(node)
    found: Shape = node.memo
    return found


def _make(node: openapi.Node) -> Shape:
    if node.type in ("object", "map"):
        return Shape(node, kind="map", atomic=node.map_type == "atomic")
    if node.type == "array":
        granular = node.list_type == "set" or (node.list_type == "map" and bool(node.list_map_keys))
        return Shape(node, kind="list", atomic=not granular)
    if node.type == "any":
        return ANY
    return Shape(node, kind="scalar", atomic=False)


ANY: Final = Shape(openapi.anything(), kind="any", atomic=False)
# What a free-form value is once it is seen.
FREE_MAP: Final = Shape(openapi.anything(), kind="map", atomic=False)
FREE_LIST: Final = Shape(openapi.anything(), kind="list", atomic=True)
FREE_SCALAR: Final = Shape(openapi.anything(), kind="scalar", atomic=False)
FREE_MAP._item = ANY
FREE_LIST._item = ANY


def deduce(shape: Shape, value: Any) -> Shape:
    """The shape of a free-form value by what it is; any other shape as it is."""
    if shape.kind != "any":
        return shape
    if type(value) is dict:
        return FREE_MAP
    return FREE_LIST if type(value) is list else FREE_SCALAR
