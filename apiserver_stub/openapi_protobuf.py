"""OpenAPI v2 as protobuf (gnostic's openapi.v2.Document): the only form in which kubectl fetches /openapi/v2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

JSON = dict[str, Any]
# A value to the bytes of a field's payload.
Encode = Callable[[Any], bytes]
# JSON name -> (field number, encoder, repeated); see OpenAPIv2.proto of google/gnostic.
Message = dict[str, tuple[int, Encode, bool]]

_LENGTH_DELIMITED: Final = 2


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(payload)) + payload


def _text(value: Any) -> bytes:
    return str(value).encode()


def _flag(value: Any) -> bytes:
    """A boolean member: it is no length-delimited field, see _encode."""
    return _varint(int(value))


def _any(value: Any) -> bytes:
    """gnostic's Any: YAML text, of which JSON is a part."""
    return _field(2, orjson.dumps(value))


def _named(name: str, payload: bytes) -> bytes:
    """An entry of a map: name and value."""
    return _field(1, name.encode()) + _field(2, payload)


def _pairs(encode: Encode, number: int = 1) -> Encode:
    """A message that is a map, as repeated named values."""
    return lambda value: b"".join(_field(number, _named(name, encode(item))) for name, item in value.items())


def _encode(message: Message, value: JSON, extension: int = 0) -> bytes:
    """Known members by the table; flags are varints; x-… members go to field `extension`."""
    out = []
    for name, item in value.items():
        if name.startswith("x-"):
            if extension:
                out.append(_field(extension, _named(name, _any(item))))
        elif name in message:
            number, encode, repeated = message[name]
            if encode is _flag:
                out.append(_varint(number << 3) + _flag(item))
            else:
                out += [_field(number, encode(one)) for one in (item if repeated else (item,))]
    return b"".join(out)


def _schema(value: JSON) -> bytes:
    return _encode(_SCHEMA, value, extension=31)


def _additional(value: Any) -> bytes:
    return _varint(2 << 3) + _flag(value) if isinstance(value, bool) else _field(1, _schema(value))


_SCHEMA: Final[Message] = {
    "$ref": (1, _text, False),
    "format": (2, _text, False),
    "title": (3, _text, False),
    "description": (4, _text, False),
    "default": (5, _any, False),
    "required": (19, _text, True),
    "enum": (20, _any, True),
    "additionalProperties": (21, _additional, False),
    "type": (22, lambda value: _field(1, _text(value)), False),
    "items": (23, lambda value: _field(1, _schema(value)), False),
    "properties": (25, _pairs(_schema), False),
}

_PLACES: Final = {"query": 3, "path": 4}
# Query and path parameters number their members differently.
_QUERY: Final[Message] = {
    "required": (1, _flag, False),
    "in": (2, _text, False),
    "description": (3, _text, False),
    "name": (4, _text, False),
    "type": (6, _text, False),
    "uniqueItems": (20, _flag, False),
}
_PATH: Final[Message] = {**_QUERY, "type": (5, _text, False), "uniqueItems": (19, _flag, False)}
_BODY: Final[Message] = {
    "description": (1, _text, False),
    "name": (2, _text, False),
    "in": (3, _text, False),
    "required": (4, _flag, False),
    "schema": (5, _schema, False),
}


def _parameter(value: JSON) -> bytes:
    place = value["in"]
    if place == "body":
        return _field(1, _encode(_BODY, value))
    table = _QUERY if place == "query" else _PATH
    return _field(2, _field(_PLACES[place], _encode(table, value)))


def _parameters_item(value: JSON) -> bytes:
    if "$ref" in value:
        return _field(2, _field(1, _text(value["$ref"])))
    return _field(1, _parameter(value))


_RESPONSE: Final[Message] = {
    "description": (1, _text, False),
    "schema": (2, lambda value: _field(1, _schema(value)), False),
}
_OPERATION: Final[Message] = {
    "tags": (1, _text, True),
    "description": (3, _text, False),
    "operationId": (5, _text, False),
    "produces": (6, _text, True),
    "consumes": (7, _text, True),
    "parameters": (8, _parameters_item, True),
    "responses": (9, _pairs(lambda value: _field(1, _encode(_RESPONSE, value))), False),
    "schemes": (10, _text, True),
}
_METHODS: Final = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}
_ITEM: Final[Message] = {
    **{
        name: (number, lambda value: _encode(_OPERATION, value, extension=13), False)
        for name, number in _METHODS.items()
    },
    "parameters": (9, _parameters_item, True),
}

# Fields of the Document. A message that comes several times in a stream is merged: so it can be sent in parts.
_SWAGGER, _INFO, _PATHS, _DEFINITIONS, _PARAMETERS = 1, 2, 8, 9, 10


def head(info: JSON, parameters: JSON) -> Iterator[bytes]:
    yield _field(_SWAGGER, b"2.0")
    yield _field(_INFO, _field(1, _text(info["title"])) + _field(2, _text(info["version"])))
    yield _field(_PARAMETERS, _pairs(_parameter)(parameters))


def path(name: str, item: JSON) -> bytes:
    return _field(_PATHS, _field(2, _named(name, _encode(_ITEM, item))))


def definition(name: str, schema: JSON) -> bytes:
    return _field(_DEFINITIONS, _field(1, _named(name, _schema(schema))))
