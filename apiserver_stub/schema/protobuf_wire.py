"""The wire format of Protocol Buffers, read: tags, varints, lengths."""

import struct
from typing import Any

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(data: bytes) -> dict[int, list[Any]]:
    """All fields of a message: number -> values in order; ints, or bytes. Raises ValueError."""
    found: dict[int, list[Any]] = {}
    position, end = 0, len(data)
    while position < end:
        tag, position = varint(data, position)
        kind, number = tag & 7, tag >> 3
        if number == 0:
            raise ValueError("illegal tag 0")
        value: Any
        if kind == _VARINT:
            value, position = varint(data, position)
        elif kind == _BYTES:
            length, position = varint(data, position)
            value, position = data[position : position + length], position + length
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
            value, position = data[position : position + length], position + length
        else:
            raise ValueError(f"wrong wireType = {kind}")
        if position > end:
            raise ValueError("unexpected EOF")
        found.setdefault(number, []).append(value)
    return found


def varint(data: bytes, position: int) -> tuple[int, int]:
    """A varint and the position behind it. Raises ValueError."""
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
        shift += 7
        if shift > 63:
            raise ValueError("integer overflow")
    raise ValueError("unexpected EOF")


def signed(value: int) -> int:
    """An int64 or int32 from its varint."""
    return value - (1 << 64) if value >= 1 << 63 else value


def double(value: bytes) -> float:
    """Raises ValueError."""
    if len(value) not in (4, 8):
        raise ValueError("wrong wireType")
    number: float = struct.unpack("<d" if len(value) == 8 else "<f", value)[0]
    return number
