"""CEL's operators, and the functions of the language itself."""

from __future__ import annotations

import math
import operator
from typing import Any, Final

from apiserver_stub.schema import goregex
from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.values import NANOS, Duration, EvalError, MapList, SetList, Timestamp, UInt, equal

TABLE: Final = Table()
_NUMBERS: Final = ("int", "uint", "double")


def whole(value: int) -> int:
    """An int within its 64 bits."""
    if not -(2**63) <= value < 2**63:
        raise EvalError("integer overflow")
    return value


def unsigned(value: int) -> UInt:
    if not 0 <= value < 2**64:
        raise EvalError("unsigned integer overflow")
    return UInt(value)


def instant(nanos: int) -> Timestamp:
    """A timestamp between the years 1 and 9999."""
    if not -62_135_596_800 * NANOS <= nanos < 253_402_300_800 * NANOS:
        raise EvalError("timestamp overflow")
    return Timestamp(nanos)


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise EvalError("division by zero")
    found = abs(left) // abs(right)
    return found if (left < 0) == (right < 0) else -found


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise EvalError("modulus by zero")
    return (
        int(math.copysign(abs(left) % abs(right), left)) if abs(left) < 2**52 else left - right * _quotient(left, right)
    )


def _divide(left: float, right: float) -> float:
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _matches(text: str, pattern: str) -> bool:
    try:
        return goregex.compile(pattern).search(text) is not None
    except goregex.RegexError as problem:
        raise EvalError(str(problem)) from None


def _concatenated(left: list[Any], right: list[Any]) -> list[Any]:
    """Lists of type set and map are merged: items that are there already stay, or are replaced, in place."""
    if isinstance(left, SetList):
        return SetList([*left, *(item for item in right if not any(equal(item, mine) for mine in left))])
    if isinstance(left, MapList):
        found = MapList(left)
        found.keys = left.keys
        places = {found.key(item): i for i, item in enumerate(found)}
        for item in right:
            if found.key(item) in places:
                found[places[found.key(item)]] = item
            else:
                found.append(item)
        return found
    return [*left, *right]


def _contained(item: Any, within: Any) -> bool:
    if isinstance(within, dict):
        return not isinstance(item, list | dict) and item in within
    return any(equal(item, other) for other in within)


def index(within: Any, key: Any) -> Any:
    """within[key] of lists and maps; raises EvalError."""
    if isinstance(within, list):
        if isinstance(key, float) and key.is_integer():
            key = int(key)
        if isinstance(key, bool) or not isinstance(key, int):
            raise EvalError(f"unsupported index type '{type(key).__name__}' in list")
        if not 0 <= key < len(within):
            raise EvalError(f"index out of bounds: {key}")
        return within[key]
    if isinstance(within, dict):
        try:
            return within[key]
        except (KeyError, TypeError):
            raise EvalError(f"no such key: {_key_text(key)}") from None
    raise EvalError("no such overload")


def _key_text(key: Any) -> str:
    return {True: "true", False: "false"}[key] if isinstance(key, bool) else str(key)


def _declare_comparisons() -> None:
    for name, compare in (("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge)):
        for kind in ("bool", "string", "bytes", "timestamp", "duration"):
            id = "compare_text" if kind in ("string", "bytes") else "scalar"
            TABLE.function(f"_{name}_", f"{kind}; {kind} -> bool", compare, id)
        for left in _NUMBERS:
            for right in _NUMBERS:
                TABLE.function(f"_{name}_", f"{left}; {right} -> bool", compare, "scalar")
    TABLE.function("_==_", "A; A -> bool", equal, "equals")
    TABLE.function("_!=_", "A; A -> bool", lambda left, right: not equal(left, right), "equals")


def _declare_arithmetic() -> None:
    function = TABLE.function
    for name, compute in (("_+_", operator.add), ("_-_", operator.sub), ("_*_", operator.mul)):
        function(name, "int; int -> int", lambda a, b, compute=compute: whole(compute(a, b)), "scalar")
        function(name, "uint; uint -> uint", lambda a, b, compute=compute: unsigned(compute(int(a), int(b))), "scalar")
        function(name, "double; double -> double", compute, "scalar")
    function("_/_", "int; int -> int", lambda a, b: whole(_quotient(a, b)), "scalar")
    function("_/_", "uint; uint -> uint", lambda a, b: UInt(_quotient(int(a), int(b))), "scalar")
    function("_/_", "double; double -> double", _divide, "scalar")
    function("_%_", "int; int -> int", _remainder, "scalar")
    function("_%_", "uint; uint -> uint", lambda a, b: UInt(_remainder(int(a), int(b))), "scalar")
    function("-_", "int -> int", lambda a: whole(-a), "scalar")
    function("-_", "double -> double", operator.neg, "scalar")
    function("_+_", "string; string -> string", operator.add, "add_text")
    function("_+_", "bytes; bytes -> bytes", operator.add, "add_text")
    function("_+_", "list(A); list(A) -> list(A)", _concatenated, "add_list")
    function("_+_", "timestamp; duration -> timestamp", lambda a, b: instant(a.nanos + b.nanos), "scalar")
    function("_+_", "duration; timestamp -> timestamp", lambda a, b: instant(a.nanos + b.nanos), "scalar")
    function("_+_", "duration; duration -> duration", lambda a, b: Duration(whole(a.nanos + b.nanos)), "scalar")
    function("_-_", "timestamp; duration -> timestamp", lambda a, b: instant(a.nanos - b.nanos), "scalar")
    function("_-_", "timestamp; timestamp -> duration", lambda a, b: Duration(whole(a.nanos - b.nanos)), "scalar")
    function("_-_", "duration; duration -> duration", lambda a, b: Duration(whole(a.nanos - b.nanos)), "scalar")


def _declare_rest() -> None:
    function, method = TABLE.function, TABLE.method
    function("!_", "bool -> bool", operator.not_, "scalar")
    # Evaluated by the interpreter itself, since they don't need all of their arguments.
    function("_&&_", "bool; bool -> bool", operator.and_, "and")
    function("_||_", "bool; bool -> bool", operator.or_, "or")
    function("_?_:_", "bool; A; A -> A", lambda a, b, c: b if a else c, "conditional")
    function("_[_]", "list(A); int -> A", index, "index_list")
    function("_[_]", "map(A, B); A -> B", index, "index_map")
    function("@in", "A; list(A) -> bool", _contained, "in_list")
    function("@in", "A; map(A, B) -> bool", _contained, "scalar")
    for kind in ("string", "bytes", "list(A)", "map(A, B)"):
        function("size", f"{kind} -> int", len, "scalar")
        method("size", f"{kind} -> int", len, "scalar")
    method("startsWith", "string; string -> bool", str.startswith, "starts")
    method("endsWith", "string; string -> bool", str.endswith, "starts")
    method("contains", "string; string -> bool", lambda text, part: part in text, "contains")
    method("matches", "string; string -> bool", _matches, "matches")
    function("matches", "string; string -> bool", _matches, "matches")


_declare_comparisons()
_declare_arithmetic()
_declare_rest()
