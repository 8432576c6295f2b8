"""CEL's conversions between types: int(), string(), timestamp() …"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from apiserver_stub.schema.cel import types, values
from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.standard import instant, unsigned, whole
from apiserver_stub.schema.cel.values import NANOS, Duration, EvalError, Timestamp, TypeValue, UInt

TABLE: Final = Table()


def _int_of_double(value: float) -> int:
    if math.isnan(value) or math.isinf(value) or not -(2.0**63) < value < 2.0**63:
        raise EvalError("integer overflow")
    return int(value)


def _uint_of_double(value: float) -> UInt:
    if math.isnan(value) or math.isinf(value) or not 0 <= value < 2.0**64:
        raise EvalError("unsigned integer overflow")
    return UInt(value)


def _int_of_text(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,40}", text, re.ASCII):
        raise EvalError("type conversion error from 'string' to 'int'")
    return whole(int(text))


def _uint_of_text(text: str) -> UInt:
    if not re.fullmatch(r"[0-9]{1,40}", text, re.ASCII):
        raise EvalError("type conversion error from 'string' to 'uint'")
    return unsigned(int(text))


def _double_of_text(text: str) -> float:
    if re.fullmatch(r"[+-]?(inf(inity)?|nan|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)", text, re.ASCII | re.IGNORECASE) is None:
        raise EvalError("type conversion error from 'string' to 'double'")
    return float(text)


def _bool_of_text(text: str) -> bool:
    if text in ("1", "t", "true", "T", "TRUE", "True"):
        return True
    if text in ("0", "f", "false", "F", "FALSE", "False"):
        return False
    raise EvalError("type conversion error from 'string' to 'bool'")


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise EvalError("invalid UTF-8 in bytes, cannot convert to string") from None


def double_text(value: float) -> str:
    """A double as Go writes it with the fewest digits."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def _timestamp_of_text(text: str) -> Timestamp:
    try:
        return values.parse_timestamp(text)
    except (ValueError, OverflowError) as problem:
        raise EvalError(str(problem)) from None


def _duration_of_text(text: str) -> Duration:
    try:
        return values.parse_duration(text)
    except ValueError as problem:
        raise EvalError(str(problem)) from None


def _same(value: Any) -> Any:
    return value


def _declare() -> None:
    function = TABLE.function
    for name in ("int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration"):
        function(name, f"{name} -> {name}", _same, "scalar")
    function("int", "uint -> int", lambda v: whole(int(v)), "scalar")
    function("int", "double -> int", _int_of_double, "scalar")
    function("int", "string -> int", _int_of_text, "scalar")
    function("int", "timestamp -> int", lambda v: v.nanos // NANOS, "scalar")
    function("int", "duration -> int", lambda v: v.nanos, "scalar")
    function("uint", "int -> uint", unsigned, "scalar")
    function("uint", "double -> uint", _uint_of_double, "scalar")
    function("uint", "string -> uint", _uint_of_text, "scalar")
    function("double", "int -> double", float, "scalar")
    function("double", "uint -> double", float, "scalar")
    function("double", "string -> double", _double_of_text, "scalar")
    function("bool", "string -> bool", _bool_of_text, "scalar")
    function("bytes", "string -> bytes", str.encode, "text_to_bytes")
    function("string", "int -> string", lambda v: str(int(v)), "scalar")
    function("string", "uint -> string", lambda v: str(int(v)), "scalar")
    function("string", "double -> string", double_text, "scalar")
    function("string", "bool -> string", lambda v: "true" if v else "false", "scalar")
    function("string", "bytes -> string", _text_of_bytes, "bytes_to_text")
    function("string", "timestamp -> string", str, "scalar")
    function("string", "duration -> string", str, "scalar")
    function("timestamp", "string -> timestamp", _timestamp_of_text, "scalar")
    function("timestamp", "int -> timestamp", lambda v: instant(v * NANOS), "scalar")
    function("duration", "string -> duration", _duration_of_text, "scalar")
    function("duration", "int -> duration", Duration, "scalar")
    function("dyn", "A -> dyn", _same, "dyn")
    function("type", "A -> type(A)", lambda v: TypeValue(values.type_name(v)), "scalar")


_declare()
# Names that stand for types in expressions.
TYPE_NAMES: Final = {
    "bool": types.BOOL,
    "bytes": types.BYTES,
    "double": types.DOUBLE,
    "int": types.INT,
    "list": types.list_of(types.DYN),
    "map": types.map_of(types.DYN, types.DYN),
    "null_type": types.NULL,
    "string": types.STRING,
    "type": types.type_of(types.DYN),
    "uint": types.UINT,
    "optional_type": types.optional_of(types.DYN),
    "google.protobuf.Timestamp": types.TIMESTAMP,
    "google.protobuf.Duration": types.DURATION,
    "net.IP": types.IP,
    "net.CIDR": types.CIDR,
    "kubernetes.Quantity": types.QUANTITY,
    "kubernetes.URL": types.URL,
    "kubernetes.Semver": types.SEMVER,
    "kubernetes.NamedFormat": types.FORMAT,
}
