"""The estimated cost of an expression before it ever runs: the worst that its inputs' limits allow (KEP-2876).

Units and factors are those of cel-go and of Kubernetes' libraries, so that limits in CRDs mean the same here.
"""

from __future__ import annotations

import math
from typing import Any, Final

from apiserver_stub.schema.cel import ast
from apiserver_stub.schema.cel.ast import Expr
from apiserver_stub.schema.cel.functions import Overload
from apiserver_stub.schema.cel.types import Type

UNKNOWN: Final = 2**64 - 1
_TEXT: Final = 0.1
_REGEX: Final = 0.25
_LIST: Final = 10
_MAP: Final = 30
_OBJECT: Final = 40


def estimate(expr: Expr) -> int:
    """The most an expression may cost; UNKNOWN where nothing limits it."""
    found: int = _COSTS[type(expr)](expr)
    return min(found, UNKNOWN)


def _times(size: int, factor: float) -> int:
    return UNKNOWN if size >= UNKNOWN else min(math.ceil(size * factor), UNKNOWN)


def size(expr: Expr) -> int:
    """The most elements or characters a value may have; UNKNOWN where nothing limits it."""
    if isinstance(expr, ast.Literal):
        return len(expr.value) if isinstance(expr.value, str | bytes) else 1
    if isinstance(expr, ast.ListExpr):
        return len(expr.items)
    if isinstance(expr, ast.MapExpr):
        return len(expr.entries)
    if isinstance(expr, ast.Macro) and expr.kind not in ("all", "exists", "exists_one"):
        return size(expr.target)
    if isinstance(expr, ast.Call):
        found = _result_size(expr)
        if found is not None:
            return min(found, UNKNOWN)
    if isinstance(expr, ast.Bind) and expr.kind == "bind":
        return size(expr.body)
    return _type_size(expr.type)


def _type_size(kind: Type) -> int:
    return UNKNOWN if kind.size is None else kind.size


def _result_size(expr: ast.Call) -> int | None:
    id = expr.overloads[0].id if expr.overloads else ""
    given = _given(expr)
    if id == "conditional":
        return max(size(given[1]), size(given[2]))
    if id in ("add_text", "add_list"):
        return size(given[0]) + size(given[1])
    if id == "format":
        return size(given[0]) + size(given[1])
    if id in ("traverse_same", "split", "find"):
        return size(given[0])
    if id == "text_to_bytes":
        return size(given[0]) * 4
    if id == "bytes_to_text":
        return size(given[0])
    if id == "quote":
        return size(given[0]) * 2 + 2
    if id == "replace":
        return _replaced_size(*(size(part) for part in given[:3]))
    if id == "join":
        return _joined_size(given)
    return size(given[0]) if id == "dyn" else None


def _replaced_size(whole: int, old: int, new: int) -> int:
    if old == 0:
        return (whole + 1) * new + whole
    return whole if new <= old else math.ceil(whole / old) * new


def _joined_size(given: list[Expr]) -> int:
    items = given[0].type.params[0] if given[0].type.params else given[0].type
    separator = size(given[1]) if len(given) > 1 else 0
    count = size(given[0])
    return count * _type_size(items) + separator * max(count - 1, 0)


def _given(expr: ast.Call) -> list[Expr]:
    return [*([expr.target] if expr.target is not None else []), *expr.args]


def _literal(expr: ast.Literal) -> int:
    return 0


def _ident(expr: ast.Ident) -> int:
    return 1


def _select(expr: ast.Select) -> int:
    if expr.whole:
        return 1
    own = 0 if expr.test or expr.operand.type.kind not in ("map", "object") else 1
    return estimate(expr.operand) + own


def _call(expr: ast.Call) -> int:
    given = _given(expr)
    costs = [estimate(part) for part in given]
    if expr.function == "_?_:_":
        return costs[0] + max(costs[1], costs[2])
    own = max((_overload(one, given) for one in expr.overloads), default=0)
    return sum(costs) + own


def _overload(overload: Overload, given: list[Expr]) -> int:
    id = overload.id
    if id in ("and", "or"):
        return 0
    if id in ("equals", "compare_text"):
        return _times(min(size(given[0]), size(given[1])), _TEXT)
    if id == "add_text":
        return _times(size(given[0]) + size(given[1]), _TEXT)
    if id == "in_list":
        return size(given[1])
    if id == "starts":
        return _times(size(given[1]), _TEXT)
    if id == "contains":
        return _times(size(given[0]), _TEXT) * _times(size(given[1]), _TEXT)
    if id in ("matches", "find"):
        return _times(size(given[0]) + 1, _TEXT) * _times(size(given[1]), _REGEX)
    if id in ("replace", "split"):
        return _times(size(given[0]), 2 * _TEXT)
    if id == "join":
        return _times(_joined_size(given), _TEXT)
    return _traversal(id, given)


def _traversal(id: str, given: list[Expr]) -> int:
    if id == "traverse_list":
        items = given[0].type.params[0] if given[0].type.params else None
        text = items is not None and items.kind in ("string", "bytes")
        return size(given[0]) * (1 + (_times(_type_size(items), _TEXT) if text and items is not None else 0))
    if id == "sets":
        return size(given[0]) * size(given[1]) + 1
    if id == "contains_ip":
        return 4 + (_times(size(given[1]), _TEXT) if given[1].type.kind == "string" else 0)
    if id == "check":
        return 350_000
    if id in ("traverse", "traverse_same", "traverse_arg", "text_to_bytes", "bytes_to_text", "quote", "format"):
        return _times(size(given[0]), _TEXT)
    return 1


def _list(expr: ast.ListExpr) -> int:
    return _LIST + sum(estimate(item) for item in expr.items)


def _map(expr: ast.MapExpr) -> int:
    inner = sum((0 if expr.name else estimate(key)) + estimate(value) for key, value, _ in expr.entries)
    return inner + (_OBJECT if expr.name else _MAP)


def _macro(expr: ast.Macro) -> int:
    """As if the macro were the loop that upstream makes of it: start, condition and step of each round, result."""
    body = estimate(expr.body)
    condition = estimate(expr.condition) if expr.condition is not None else 0
    start, each, end = {
        "all": (0, 3 + body, 1),
        "exists": (0, 4 + body, 1),
        "exists_one": (0, 2 + body, 2),
        "filter": (_LIST, 13 + body, 1),
        "map": (_LIST, 12 + body + condition, 1),
        "transformList": (_LIST, 12 + body + condition, 1),
    }.get(expr.kind, (_MAP, 4 + body + condition, 1))
    return estimate(expr.target) + start + end + min(size(expr.target) * each, UNKNOWN)


def _bind(expr: ast.Bind) -> int:
    own = _LIST if expr.kind == "bind" else _LIST + 4
    return own + estimate(expr.value) + estimate(expr.body)


_COSTS: Final[dict[type, Any]] = {
    ast.Literal: _literal,
    ast.Ident: _ident,
    ast.Select: _select,
    ast.Call: _call,
    ast.ListExpr: _list,
    ast.MapExpr: _map,
    ast.Macro: _macro,
    ast.Bind: _bind,
}
