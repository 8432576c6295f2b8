"""CEL's loops at run time: all, exists, map, filter and their kin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from apiserver_stub.schema.cel import ast
from apiserver_stub.schema.cel.metering import Meter
from apiserver_stub.schema.cel.values import EvalError

Scope = dict[str, Any]
Run = Callable[[Scope], Any]


def build(expr: ast.Macro, target: Run, body: Run, condition: Run | None) -> Run:
    """What runs a macro."""
    each = _each(expr, target)
    maker = {"all": _quantified, "exists": _quantified, "exists_one": _exactly_one}.get(expr.kind)
    if maker is not None:
        return maker(each, body, decisive=expr.kind == "exists") if maker is _quantified else _exactly_one(each, body)
    if expr.kind == "filter":
        return _filter(each, body, expr.first)
    if expr.kind in ("map", "transformList"):
        return _map(each, body, condition)
    return _transform(each, body, condition, expr)


def _each(expr: ast.Macro, target: Run) -> Callable[[Scope], Iterator[Scope]]:
    """The scope of each round. A scope is reused: variables of a round are gone with the next."""
    first, second = expr.first, expr.second
    cost = 3 + steps(expr.body) + (steps(expr.condition) if expr.condition is not None else 0)

    def each(scope: Scope) -> Iterator[Scope]:
        over = target(scope)
        meter: Meter | None = scope.get("@")
        inner = dict(scope)
        if isinstance(over, dict):
            pairs: Any = over.items()
        elif isinstance(over, list):
            pairs = enumerate(over) if second else ((item, None) for item in over)
        else:
            raise EvalError("no such overload")
        for key, value in pairs:
            if meter is not None:
                meter.add(cost)
            inner[first] = key
            if second:
                inner[second] = value
            yield inner

    return each


def steps(expr: Any) -> int:
    """How many steps an expression takes at least, as a share of the cost of a round."""
    if isinstance(expr, ast.Literal):
        return 0
    if isinstance(expr, ast.Ident):
        return 1
    if isinstance(expr, ast.Select):
        return 1 + steps(expr.operand)
    if isinstance(expr, ast.Call):
        own = 0 if expr.function in ("_&&_", "_||_", "_?_:_") else 1
        return own + sum(map(steps, expr.args)) + (steps(expr.target) if expr.target is not None else 0)
    if isinstance(expr, ast.ListExpr):
        return 10 + sum(map(steps, expr.items))
    if isinstance(expr, ast.MapExpr):
        return 30 + sum(steps(key) + steps(value) for key, value, _ in expr.entries)
    if isinstance(expr, ast.Macro):
        return 2 + steps(expr.target)
    if isinstance(expr, ast.Bind):
        return 10 + steps(expr.value) + steps(expr.body)
    return 1


def _quantified(each: Callable[[Scope], Iterator[Scope]], body: Run, *, decisive: bool) -> Run:
    """all() and exists(): errors of some rounds don't matter if another decides."""

    def run(scope: Scope) -> Any:
        fault: EvalError | None = None
        for inner in each(scope):
            try:
                found = body(inner)
            except EvalError as problem:
                fault = problem
                continue
            if found is decisive:
                return decisive
            if not isinstance(found, bool):
                fault = EvalError("no such overload")
        if fault is not None:
            raise fault
        return not decisive

    return run


def _exactly_one(each: Callable[[Scope], Iterator[Scope]], body: Run) -> Run:
    return lambda scope: sum(1 for inner in each(scope) if body(inner) is True) == 1


def _filter(each: Callable[[Scope], Iterator[Scope]], body: Run, name: str) -> Run:
    return lambda scope: [inner[name] for inner in each(scope) if body(inner) is True]


def _map(each: Callable[[Scope], Iterator[Scope]], body: Run, condition: Run | None) -> Run:
    if condition is None:
        return lambda scope: [body(inner) for inner in each(scope)]
    return lambda scope: [body(inner) for inner in each(scope) if condition(inner) is True]


def _transform(each: Callable[[Scope], Iterator[Scope]], body: Run, condition: Run | None, expr: ast.Macro) -> Run:
    entries = expr.kind == "transformMapEntry"

    def run(scope: Scope) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for inner in each(scope):
            if condition is not None and condition(inner) is not True:
                continue
            added = body(inner) if entries else {inner[expr.first]: body(inner)}
            for key, value in added.items():
                if key in out:
                    raise EvalError(f"insert failed: key '{key}' already exists")
                out[key] = value
        return out

    return run
