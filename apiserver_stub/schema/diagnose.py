"""The slow decoder: says where an object differs from its schema, in the words of Go's JSON decoder.

See schema/plan.py for the fast one. Paths of unknown fields read `spec.containers[0].x`; those of wrong types have no
indices, as in Go.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any, Final

from apiserver_stub.schema import openapi, plan, presence, quantity, times

_BASE64: Final = frozenset(string.ascii_letters + string.digits + "+/")
MAX_STRICT_ERRORS: Final = 100
_VALUE_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "bool"),
    (str, "string"),
    (int, "number"),
    (float, "number"),
    (dict, "object"),
    (list, "array"),
)


class Pairs(dict[str, Any]):
    """A JSON object that remembers fields which stand in it twice."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class Literal(float):
    """A JSON number that is not a plain integer, with its spelling."""

    text: str

    def __new__(cls, text: str) -> Literal:
        found = super().__new__(cls, text)
        found.text = text
        return found


class DecodeError(ValueError):
    """The object can't be decoded; the text is Go's message."""


class Decoder:
    """Decodes one object; `strict` collects unknown and duplicate fields in the order they stand."""

    def __init__(self) -> None:
        self.strict: list[str] = []
        self._saved: str | None = None

    def decode(self, value: dict[str, Any], node: openapi.Node) -> dict[str, Any]:
        """The pruned, canonical object; raises DecodeError."""
        out: dict[str, Any] = self._object(value, node, "", ())
        if self._saved is not None:
            raise DecodeError(self._saved)
        return out

    def _object(self, value: Any, node: openapi.Node, path: str, names: tuple[str, ...]) -> Any:
        plan_ = plan.plan_for(node)
        out: dict[str, Any] = {}
        seen = set()
        for name, given in _items(value):
            here = f"{path}.{name}" if path else name
            field = node.field(name)
            if field is None:
                self._strict(f'unknown field "{here}"')
                continue
            if name in seen:
                self._strict(f'duplicate field "{here}"')
            seen.add(name)
            if given is None:
                continue
            done = self._field(given, field, node, name, here, (*names, name), plan_.fields[name])
            if done is not plan.DROP:
                out[name] = done
        return plan_.fill(out)

    def _field(
        self,
        value: Any,
        field: openapi.Node,
        parent: openapi.Node,
        name: str,
        path: str,
        names: tuple[str, ...],
        convert: plan.Convert,
    ) -> Any:
        where = f"Go struct field {_go_name(parent)}.{'.'.join(names)}"
        go_type = presence.string_type(parent.name, name) if field.type == "string" and not field.format else ""
        done = self._value(value, field, path, names, where, go_type)
        # Empty values vanish by the rules of the fast decoder.
        if field.type in ("array", "map"):
            keep = name in parent.required or name == "managedFields"
            return plan.DROP if not done and not keep else done
        if field.type in ("object", "any"):
            return done
        try:
            return convert(done)
        except plan.Odd:
            return plan.DROP

    def _value(
        self, value: Any, node: openapi.Node, path: str, names: tuple[str, ...], where: str, go_type: str = ""
    ) -> Any:
        if value is None:
            return plan.zero(node)
        kind = node.type
        if kind == "any":
            return plain(value)
        if kind == "object":
            if isinstance(value, dict):
                return self._object(value, node, path, names)
        elif kind == "array":
            if isinstance(value, list):
                items = node.items or openapi.anything()
                return [self._value(item, items, f"{path}[{i}]", names, where) for i, item in enumerate(value)]
        elif kind == "map":
            if isinstance(value, dict):
                return self._map(value, node, path, names, where)
        else:
            return self._scalar(value, node, where, go_type)
        self._mismatch(value, where, type_name(node))
        return plan.zero(node)

    def _map(self, value: Any, node: openapi.Node, path: str, names: tuple[str, ...], where: str) -> dict[str, Any]:
        values = node.values or openapi.anything()
        out: dict[str, Any] = {}
        for key, item in _items(value):
            if key in out:
                self._strict(f'duplicate field "{path}.{key}"')
            out[key] = self._value(item, values, f"{path}.{key}", names, where)
            if values.type == "quantity":
                out[key] = quantity.canonical(out[key])
        return out

    def _scalar(self, value: Any, node: openapi.Node, where: str, go_type: str) -> Any:
        """A scalar of the right type; errors of Go's own decoding methods end everything, others wait."""
        kind = node.type
        if kind == "quantity":
            return _quantity(value)
        if kind == "time":
            if not isinstance(value, str):
                raise DecodeError(f"json: cannot unmarshal {value_name(value)} into {where} of type string")
            return _time(value, micro=node.format == "micro")
        if kind == "int-or-string":
            if not isinstance(value, str) and not _is_int(value, 32):
                raise DecodeError(f"json: cannot unmarshal {_number_name(value)} into {where} of type int32")
            return value
        if node.format == "byte":
            return self._bytes(value, where)
        if kind == "integer":
            if not _is_int(value, int(node.format.removeprefix("int"))):
                self._saved = self._saved or (
                    f"json: cannot unmarshal {_number_name(value)} into {where} of type {node.format}"
                )
                return 0
            return value
        if value_name(value) != {"string": "string", "boolean": "bool", "number": "number"}[kind]:
            self._mismatch(value, where, go_type or type_name(node))
            return plan.zero(node)
        return float(value) if isinstance(value, Literal) else value

    def _bytes(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            self._mismatch(value, where, "[]uint8")
            return ""
        at = _base64_error(value)
        if at is not None:
            self._saved = self._saved or f"illegal base64 data at input byte {at}"
            return ""
        return value

    def _mismatch(self, value: Any, where: str, go_type: str) -> None:
        self._saved = self._saved or f"json: cannot unmarshal {value_name(value)} into {where} of type {go_type}"

    def _strict(self, message: str) -> None:
        if len(self.strict) < MAX_STRICT_ERRORS:
            self.strict.append(message)


def plain(value: Any) -> Any:
    """Free-form JSON without the slow parser's own types."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Literal) else value


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.pairs if isinstance(value, Pairs) else value.items()


def _quantity(value: Any) -> str:
    text = value.text if isinstance(value, Literal) else plan.quantity_text(value)
    try:
        quantity.parse(text)
    except quantity.QuantityError as error:
        raise DecodeError(str(error)) from None
    return text


def _time(value: str, *, micro: bool) -> str:
    try:
        return times.canonical(value, micro=micro)
    except times.TimeError as error:
        raise DecodeError(str(error)) from None


def _is_int(value: Any, bits: int) -> bool:
    limit: int = 2 ** (bits - 1)
    return type(value) is int and -limit <= value < limit


def _number_name(value: Any) -> str:
    """How Go calls a value that is no integer, or none that fits."""
    if isinstance(value, Literal):
        return f"number {value.text}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"number {value!r}"
    return value_name(value)


def value_name(value: Any) -> str:
    """How Go calls the type of a JSON value."""
    for kind, name in _VALUE_NAMES:
        if isinstance(value, kind):
            return name
    return "null"


def _go_name(node: openapi.Node) -> str:
    return node.name.rsplit(".", 1)[-1]


def type_name(node: openapi.Node) -> str:
    """The Go type that holds a node."""
    if node.type == "array":
        return f"[]{type_name(node.items or openapi.anything())}"
    if node.type == "map":
        values = node.values or openapi.anything()
        return "v1.ResourceList" if values.type == "quantity" else f"map[string]{type_name(values)}"
    if node.type == "object":
        return ".".join(node.name.rsplit(".", 2)[-2:])
    if node.format == "byte":
        return "[]uint8"
    names = {"boolean": "bool", "integer": node.format, "number": "float64", "quantity": "resource.Quantity"}
    return names.get(node.type, "string")


def _base64_error(text: str) -> int | None:
    """Where Go's decoder stops (CorruptInputError); None if it doesn't."""
    in_group = 0
    for at, char in enumerate(text):
        if char in "\r\n":
            continue
        if char == "=":
            return _padding_error(text, at, in_group)
        if char not in _BASE64:
            return at
        in_group = (in_group + 1) % 4
    return len(text) - in_group if in_group else None


def _padding_error(text: str, at: int, in_group: int) -> int | None:
    """What stands from the first padding character (at `at`) on."""
    if in_group < 2:
        return at
    at = _after_breaks(text, at + 1)
    if in_group == 2:
        if text[at : at + 1] != "=":
            return at
        at = _after_breaks(text, at + 1)
    return at if at < len(text) else None


def _after_breaks(text: str, at: int) -> int:
    while at < len(text) and text[at] in "\r\n":
        at += 1
    return at
