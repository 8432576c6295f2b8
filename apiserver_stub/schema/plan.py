"""Decoding plans: per definition, what turns parsed JSON into the object that Kubernetes would answer with.

A plan prunes nothing and explains nothing: at the first oddity it raises Odd, and schema/diagnose.py does the same
work again slowly, with paths and messages. So the common case costs one dictionary look-up and one call per field.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver_stub.schema import openapi, presence, quantity, times

Convert = Callable[[Any], Any]
DROP: Final = object()
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")


class Odd(Exception):
    """Something is unknown or of the wrong type."""


class Plan:
    """How one definition is decoded; fields are looked at when it is first used."""

    __slots__ = ("_fields", "_fills", "node")

    def __init__(self, node: openapi.Node) -> None:
        self.node = node
        self._fields: dict[str, Convert] | None = None
        self._fills: tuple[tuple[str, Callable[[], Any]], ...] = ()

    def convert(self, value: Any) -> Any:
        """A new dict in canonical form; raises Odd."""
        if type(value) is not dict:
            raise Odd
        fields = self.fields
        out = {}
        try:
            for name, given in value.items():
                convert = fields[name]
                if given is not None:
                    done = convert(given)
                    if done is not DROP:
                        out[name] = done
        except KeyError:
            raise Odd from None
        return self.fill(out)

    def fill(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Adds what is encoded though nobody set it."""
        if self._fields is None:
            self._build()
        for name, make in self._fills:
            if name not in obj:
                obj[name] = make()
        return obj

    @property
    def fields(self) -> Mapping[str, Convert]:
        if self._fields is None:
            self._build()
            assert self._fields is not None
        return self._fields

    def _build(self) -> None:
        name, required = self.node.name, set(self.node.required)
        top_level = {"apiVersion", "kind", "metadata"} <= self.node.fields.keys()
        fields, fills = {}, []
        for field, node in self.node.fields.items():
            keep = field in required or presence.keeps_zero(name, field)
            fields[field] = converter(node, keep_zero=keep, keep_empty=field in required)
            fill = _fill(name, field, node, required=field in required, top_level=top_level)
            if fill is not None:
                fills.append((field, fill))
        if name == _META:
            fields["selfLink"] = _drop
            # An empty list asks for the owners of all fields to be forgotten.
            fields["managedFields"] = converter(self.node.fields["managedFields"], keep_zero=True, keep_empty=True)
        for field, value in presence.values(name).items():
            fills = [(have, make) for have, make in fills if have != field]
            fills.append((field, functools.partial(_same, value)))
        self._fills = tuple(fills)
        self._fields = fields


def _same(value: Any) -> Any:
    return value


def _drop(value: Any) -> Any:
    return DROP if isinstance(value, str) else _odd()


def _odd() -> Any:
    raise Odd


def _fill(
    definition: str, field: str, node: openapi.Node, *, required: bool, top_level: bool
) -> Callable[[], Any] | None:
    """What makes the value of a field that nobody set; None where it stays away."""
    if presence.is_pointer(definition, field):
        return None
    if node.type == "object":
        if node.name.endswith(".LabelSelector") and definition != "io.k8s.api.networking.v1.NetworkPolicySpec":
            return None
        if not required and not presence.is_value_struct(definition, field, top_level=top_level, referred=node.name):
            return None
        return functools.partial(plan_for(node).convert, {})
    if node.type == "time":
        return functools.partial(_same, None) if presence.is_value_time(field) else None
    if not required:
        return None
    zero = _ZEROS.get(node.type)
    return None if zero is None else functools.partial(_same, zero)


_ZEROS: Final[Mapping[str, Any]] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "int-or-string": 0,
    "quantity": "0",
}


@functools.cache
def _plan(name: str) -> Plan:
    return Plan(openapi.definitions().node(name))


def plan_for(node: openapi.Node) -> Plan:
    """The plan of an object node; cached by the definition's name."""
    return _plan(node.name) if node.name in openapi.definitions() else Plan(node)


def converter(node: openapi.Node, *, keep_zero: bool, keep_empty: bool) -> Convert:
    """What converts one value; it returns DROP for an empty value that Go would leave out."""
    kind = node.type
    if kind == "object":
        return plan_for(node).convert
    if kind == "array":
        return _array(node.items or openapi.anything(), keep_empty=keep_empty)
    if kind == "map":
        return _map(node.values or openapi.anything(), keep_empty=keep_empty)
    return _keeping(node) if keep_zero else _dropping(node)


def _keeping(node: openapi.Node) -> Convert:
    if node.type == "time":
        return _micro_time if node.format == "micro" else _time
    if node.format in _BY_FORMAT:
        return _BY_FORMAT[node.format]
    return _BY_TYPE.get(node.type, _same)


def _dropping(node: openapi.Node) -> Convert:
    """Zero values of plain Go fields with omitempty vanish."""
    inner = _keeping(node)
    if node.type == "string" and not node.format:
        return _string_or_drop
    if node.type == "boolean":
        return _boolean_or_drop
    if node.type in ("integer", "number"):
        return lambda value: inner(value) or DROP
    return inner


def _array(items: openapi.Node, *, keep_empty: bool) -> Convert:
    inner = converter(items, keep_zero=True, keep_empty=True)

    def convert(value: Any) -> Any:
        if type(value) is not list:
            raise Odd
        if not value and not keep_empty:
            return DROP
        return [inner(item) if item is not None else zero(items) for item in value]

    return convert


def _map(values: openapi.Node, *, keep_empty: bool) -> Convert:
    inner = _resource_quantity if values.type == "quantity" else converter(values, keep_zero=True, keep_empty=True)

    def convert(value: Any) -> Any:
        if type(value) is not dict:
            raise Odd
        if not value and not keep_empty:
            return DROP
        return {key: inner(item) if item is not None else zero(values) for key, item in value.items()}

    return convert


def zero(node: openapi.Node) -> Any:
    """What null becomes inside a list or map."""
    if node.type == "object":
        return plan_for(node).convert({})
    return _ZEROS.get(node.type)


def _string(value: Any) -> Any:
    return value if type(value) is str else _odd()


def _string_or_drop(value: Any) -> Any:
    if type(value) is not str:
        raise Odd
    return value or DROP


def _boolean(value: Any) -> Any:
    return value if type(value) is bool else _odd()


def _boolean_or_drop(value: Any) -> Any:
    if type(value) is not bool:
        raise Odd
    return value or DROP


def _int32(value: Any) -> Any:
    return value if type(value) is int and -(2**31) <= value < 2**31 else _odd()


def _int64(value: Any) -> Any:
    return value if type(value) is int and -(2**63) <= value < 2**63 else _odd()


def _number(value: Any) -> Any:
    return value if type(value) is float or type(value) is int else _odd()


def _int_or_string(value: Any) -> Any:
    return value if type(value) is str else _int32(value)


def quantity_text(value: Any) -> str:
    """The text of a quantity that was written as a string or a number; raises QuantityError."""
    if type(value) is str:
        return value.strip()
    if type(value) is int or type(value) is float:
        return repr(value)
    return ""


def _quantity(value: Any) -> Any:
    text = quantity_text(value)
    try:
        quantity.parse(text)
    except quantity.QuantityError:
        raise Odd from None
    return text


def _resource_quantity(value: Any) -> Any:
    """Entries of resource lists come back in canonical form; single quantities as they were written."""
    try:
        return quantity.canonical(quantity_text(value))
    except quantity.QuantityError:
        raise Odd from None


def _time(value: Any) -> Any:
    try:
        return times.canonical(value, micro=False) if type(value) is str else _odd()
    except times.TimeError:
        raise Odd from None


def _micro_time(value: Any) -> Any:
    try:
        return times.canonical(value, micro=True) if type(value) is str else _odd()
    except times.TimeError:
        raise Odd from None


def _bytes(value: Any) -> Any:
    if type(value) is not str:
        raise Odd
    if _BASE64.match(value):
        return value
    # Go's decoder skips line breaks.
    joined = value.replace("\n", "").replace("\r", "")
    try:
        return base64.b64encode(base64.b64decode(joined, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise Odd from None


_BY_FORMAT: Final[Mapping[str, Convert]] = {"int32": _int32, "int64": _int64, "double": _number, "byte": _bytes}
_BY_TYPE: Final[Mapping[str, Convert]] = {
    "string": _string,
    "boolean": _boolean,
    "int-or-string": _int_or_string,
    "quantity": _quantity,
}
