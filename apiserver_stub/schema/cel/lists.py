"""CEL's functions on lists and sets."""

from __future__ import annotations

import itertools
from typing import Any, Final

from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.standard import unsigned, whole
from apiserver_stub.schema.cel.values import Duration, EvalError, UInt, equal

TABLE: Final = Table()
_COMPARABLE: Final = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")


def _is_sorted(items: list[Any]) -> bool:
    return all(not later < earlier for earlier, later in itertools.pairwise(items))


def _min(items: list[Any]) -> Any:
    if not items:
        raise EvalError("min called on empty list")
    return min(items)


def _max(items: list[Any]) -> Any:
    if not items:
        raise EvalError("max called on empty list")
    return max(items)


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((i for i, item in enumerate(items) if equal(item, wanted)), -1)


def _last_index_of(items: list[Any], wanted: Any) -> int:
    return next((i for i in range(len(items) - 1, -1, -1) if equal(items[i], wanted)), -1)


def _within(item: Any, items: list[Any]) -> bool:
    return any(equal(item, other) for other in items)


def _contains(items: list[Any], part: list[Any]) -> bool:
    return all(_within(item, items) for item in part)


def _intersects(left: list[Any], right: list[Any]) -> bool:
    return any(_within(item, right) for item in left)


def _declare() -> None:
    method, function = TABLE.method, TABLE.function
    for kind in _COMPARABLE:
        method("isSorted", f"list({kind}) -> bool", _is_sorted, "traverse_list")
        method("min", f"list({kind}) -> {kind}", _min, "traverse_list")
        method("max", f"list({kind}) -> {kind}", _max, "traverse_list")
    method("sum", "list(int) -> int", lambda items: whole(sum(items)), "traverse_list")
    method(
        "sum", "list(uint) -> uint", lambda items: unsigned(sum(map(int, items))) if items else UInt(0), "traverse_list"
    )
    method("sum", "list(double) -> double", lambda items: float(sum(items)), "traverse_list")
    method("sum", "list(duration) -> duration", lambda items: Duration(sum(d.nanos for d in items)), "traverse_list")
    method("indexOf", "list(A); A -> int", _index_of, "traverse_list")
    method("lastIndexOf", "list(A); A -> int", _last_index_of, "traverse_list")
    function("sets.contains", "list(A); list(A) -> bool", _contains, "sets")
    function("sets.equivalent", "list(A); list(A) -> bool", lambda a, b: _contains(a, b) and _contains(b, a), "sets")
    function("sets.intersects", "list(A); list(A) -> bool", _intersects, "sets")


_declare()
