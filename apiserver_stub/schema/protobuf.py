"""Request bodies in protobuf, as typed Go clients send them, turned into the JSON that everything else reads.

The envelope is runtime.Unknown behind the bytes "k8s\\0", see the Kubernetes API concepts page, "Protobuf encoding".
Answers are never protobuf: all these clients take JSON as well.
"""

import base64
import datetime
import functools
from pathlib import Path
from typing import Any

import orjson

from apiserver_stub.meta import status
from apiserver_stub.schema import openapi
from apiserver_stub.schema.protobuf_wire import double, fields, signed

MAGIC = b"k8s\x00"
_DATA = Path(__file__).with_name("data") / "protobuf.json"
_DEEPEST = 100


def to_json(raw: bytes, node: openapi.Node | None) -> bytes:
    """The object in a protobuf body as JSON with kind and apiVersion. node: its schema.

    Raises StatusError (400).
    """
    if not raw.startswith(MAGIC):
        raise status.bad_request(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    try:
        envelope = fields(raw[len(MAGIC) :])
        head = fields(_last(envelope, 1, b""))
        api_version, kind = _text(_last(head, 1, b"")), _text(_last(head, 2, b""))
        message = _message_name(api_version, kind)
        if message is None:
            raise status.bad_request(f'no kind "{kind}" is registered for version "{api_version}"')
        content = _Reader().message(_last(envelope, 2, b""), message, node, 0)
    except (ValueError, IndexError, TypeError) as error:
        raise status.bad_request(f"proto: {error}") from None
    return orjson.dumps({"kind": kind, "apiVersion": api_version} | content)


def _message_name(api_version: str, kind: str) -> str | None:
    group, _, version = api_version.rpartition("/")
    package = group.partition(".")[0] or "core"
    for name in (f"{package}.{version}.{kind}", f"meta.v1.{kind}"):
        if name in _messages():
            return name
    return None


@functools.cache
def _messages() -> dict[str, bytes]:
    """Message -> its line of the data file, not parsed yet."""
    found = {}
    for line in _DATA.read_bytes().splitlines()[1:-1]:
        name, _, body = line.partition(b'":')
        found[name[1:].decode()] = body.removesuffix(b",")
    return found


@functools.cache
def _shape(message: str) -> dict[int, tuple[str, str]]:
    """Field number -> (name, code); codes as protobuf_generate writes them."""
    parsed = orjson.loads(_messages()[message])
    return {int(number): (name, code) for number, (name, code) in parsed.items()}


class _Reader:
    """Reads messages by their shapes; the schema tells which of them JSON has inline."""

    def message(self, data: bytes, message: str, node: openapi.Node | None, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise ValueError("the message is nested too deeply")
        found: dict[str, Any] = {}
        shape = _shape(message)
        for number, values in fields(data).items():
            if number not in shape:
                continue  # of a newer release than the data
            name, code = shape[number]
            inner = node.field(name) if node is not None else None
            value = self._value(values, code, inner, depth)
            if inner is None and node is not None and code.startswith("#") and isinstance(value, dict):
                # An embedded struct: its fields are the parent's in JSON.
                found |= self.message(values[-1], code[1:], node, depth + 1)
            elif value is not None:
                found[name] = value
        return found

    def _value(self, values: list[Any], code: str, node: openapi.Node | None, depth: int) -> Any:
        if code.startswith("["):
            inner = node.items if node is not None else None
            return [self._one(value, code[1:], inner, depth) for value in values]
        if code.startswith("{"):
            inner = node.values if node is not None else None
            return dict(self._pair(value, code[1:], inner, depth) for value in values)
        return self._one(values[-1], code, node, depth)

    def _pair(self, data: bytes, code: str, node: openapi.Node | None, depth: int) -> tuple[str, Any]:
        entry = fields(data)
        empty: Any = b"" if code in ("s", "y") or code.startswith("#") else 0
        return _text(_last(entry, 1, b"")), self._one(_last(entry, 2, empty), code, node, depth)

    def _one(self, value: Any, code: str, node: openapi.Node | None, depth: int) -> Any:
        if code.startswith("#"):
            return self._special(value, code[1:], node, depth)
        if code == "s":
            return _text(value)
        if code == "y":
            return base64.b64encode(value).decode()
        if code in ("d", "f"):
            return double(value)
        return bool(value) if code == "b" else signed(value)

    def _special(self, data: bytes, message: str, node: openapi.Node | None, depth: int) -> Any:
        """Messages that JSON writes otherwise than as an object of their fields."""
        if message in ("meta.v1.Time", "meta.v1.MicroTime"):
            return _time(data, micro=message.endswith("MicroTime"))
        if message == "resource.Quantity":
            return _text(_last(fields(data), 1, b"")) or "0"
        if message == "intstr.IntOrString":
            found = fields(data)
            return _text(_last(found, 3, b"")) if _last(found, 1, 0) else signed(_last(found, 2, 0))
        if message in ("runtime.RawExtension", "meta.v1.FieldsV1"):
            raw = _last(fields(data), 1, b"")
            return orjson.loads(raw) if raw else None
        content = self.message(data, message, node, depth + 1)
        if node is not None and node.type == "array":
            return content.get("items", [])  # a named list type
        return content


def _time(data: bytes, *, micro: bool) -> str | None:
    if not data:
        return None
    found = fields(data)
    seconds, nanos = signed(_last(found, 1, 0)), _last(found, 2, 0)
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, OSError):
        raise ValueError("time out of range") from None
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanos // 1000:06d}Z" if micro else f"{text}Z"


def _last(found: dict[int, list[Any]], number: int, default: Any) -> Any:
    values = found.get(number)
    if not values:
        return default
    if type(values[-1]) is not type(default):
        raise ValueError("wrong wireType")
    return values[-1]


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        raise ValueError("wrong wireType")
    return value.decode()
