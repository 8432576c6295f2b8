"""CEL's string formatting: "%s is %d".format([…])."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.schema.cel.conversions import double_text
from apiserver_stub.schema.cel.values import Duration, EvalError, Optional, Timestamp, TypeValue, type_name

_CLAUSE: Final = re.compile(r"%(?:%|(?:\.(\d+))?(.)|(?:\.(\d+))?$)", re.DOTALL)
_MAX_PRECISION: Final = 1000
_ESCAPES: Final = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}


def quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in text) + '"'


def format_text(template: str, args: list[Any]) -> str:
    """Raises EvalError."""
    left = list(args)

    def clause(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        verb = found[2]
        if verb is None:
            raise EvalError("unexpected end of string")
        if not left:
            raise EvalError(f"index {len(args)} out of range")
        return _clause(verb, left.pop(0), _precision(found[1]))

    return _CLAUSE.sub(clause, template)


def _precision(digits: str | None) -> int | None:
    if digits is not None and (len(digits) > 4 or int(digits) > _MAX_PRECISION):
        raise EvalError(f"could not parse formatting clause: precision {digits} exceeds {_MAX_PRECISION}")
    return None if digits is None else int(digits)


def _clause(verb: str, value: Any, precision: int | None) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if verb == "s":
        return text_of(value)
    if verb == "d":
        if not number or isinstance(value, float):
            raise EvalError(
                f"error during formatting: decimal clause can only be used on integers, was given {type_name(value)}"
            )
        return str(int(value))
    if verb in "fe":
        if not number:
            kind = "fixed-point" if verb == "f" else "scientific"
            raise EvalError(
                f"error during formatting: {kind} clause can only be used on doubles, was given {type_name(value)}"
            )
        return _double(float(value), verb, 6 if precision is None else precision)
    if verb == "b":
        if isinstance(value, bool):
            return "1" if value else "0"
        if not number or isinstance(value, float):
            fault = "only integers and bools can be formatted as binary"
            raise EvalError(f"error during formatting: {fault}, was given {type_name(value)}")
        return format(value, "b")
    if verb in "xX":
        return _hexadecimal(value, verb)
    if verb == "o":
        if not number or isinstance(value, float):
            raise EvalError(
                f"error during formatting: octal clause can only be used on integers, was given {type_name(value)}"
            )
        return format(value, "o")
    raise EvalError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def _double(value: float, verb: str, precision: int) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return format(value, f".{precision}{verb}")


def _hexadecimal(value: Any, verb: str) -> str:
    if isinstance(value, str | bytes):
        found = (value.encode() if isinstance(value, str) else value).hex()
        return found.upper() if verb == "X" else found
    if isinstance(value, bool | float) or not isinstance(value, int):
        raise EvalError(
            "error during formatting: only integers, byte buffers, and strings can be formatted as hex, "
            f"was given {type_name(value)}"
        )
    return format(value, verb)


def text_of(value: Any) -> str:
    """What %s makes of any value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        return _double_s(value)
    if isinstance(value, int | TypeValue | Duration | Timestamp):
        return str(int(value)) if isinstance(value, int) else str(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list):
        return f"[{', '.join(_inner(item) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = sorted((text_of(key), _inner(item)) for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, Optional):
        return text_of(value.value) if value.present else ""
    kind = type_name(value)
    raise EvalError(
        "error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, "
        f"types, durations, and timestamps, was given {kind}"
    )


def _double_s(value: float) -> str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return double_text(value)


def _inner(value: Any) -> str:
    return text_of(value)
