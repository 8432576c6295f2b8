"""CEL's evaluation: a checked syntax tree becomes nested functions of the variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from apiserver_stub.schema.cel import ast, loops
from apiserver_stub.schema.cel.ast import Expr
from apiserver_stub.schema.cel.conversions import TYPE_NAMES
from apiserver_stub.schema.cel.functions import Overload
from apiserver_stub.schema.cel.metering import Meter
from apiserver_stub.schema.cel.values import NONE, EvalError, Lazy, Optional, TypeValue

# Variables by name; "@" is the meter.
Scope = dict[str, Any]
Run = Callable[[Scope], Any]
_MISSING: Final = object()


def build(expr: Expr) -> Run:
    """What evaluates an expression; it raises EvalError."""
    return _BUILDERS[type(expr)](expr)


def _literal(expr: ast.Literal) -> Run:
    value = expr.value
    return lambda scope: value


def _ident(expr: ast.Ident) -> Run:
    return _variable(expr.name)


def _variable(name: str) -> Run:
    constant = TypeValue(_type_value(name)) if name in TYPE_NAMES else None

    def run(scope: Scope) -> Any:
        try:
            return scope[name]
        except KeyError:
            if constant is not None:
                return constant
            raise EvalError(f"no such attribute(s): {name}") from None

    return run


def _type_value(name: str) -> str:
    kind = TYPE_NAMES[name]
    return name if kind.kind in ("opaque", "timestamp", "duration", "type") else kind.kind


def _select(expr: ast.Select) -> Run:
    if expr.whole:
        return _variable(expr.whole)
    operand = build(expr.operand)
    within = expr.operand.type
    if within.name == "optional_type":
        within = within.params[0]
    key = within.names.get(expr.name, expr.name) if within.kind == "object" else expr.name
    shown = expr.name
    # Fields of objects that are null count as absent; values of maps don't.
    typed = within.kind == "object"
    if expr.test:
        return _presence(operand, key, typed=typed)
    if expr.optional or expr.operand.type.name == "optional_type":
        return lambda scope: _optional_field(operand(scope), key, typed=typed)

    def run(scope: Scope) -> Any:
        found = operand(scope)
        if type(found) is dict:
            value = found.get(key, _MISSING)
            if value is _MISSING or (typed and value is None):
                raise EvalError(f"no such key: {shown}")
            return value
        if isinstance(found, Optional):
            return _optional_field(found, key)
        if isinstance(found, Lazy):
            return found.get(key)
        if found is None:
            raise EvalError(f"no such key: {shown}")
        raise EvalError("no such overload")

    return run


def _presence(operand: Run, key: str, *, typed: bool) -> Run:
    def run(scope: Scope) -> Any:
        found = operand(scope)
        if type(found) is dict:
            return key in found and not (typed and found[key] is None)
        if isinstance(found, Optional):
            return found.present and isinstance(found.value, dict) and key in found.value
        if isinstance(found, Lazy):
            return found.has(key)
        raise EvalError("no such overload")

    return run


def _optional_field(found: Any, key: str, *, typed: bool = False) -> Optional:
    if isinstance(found, Optional):
        found = found.value if found.present else None
    if isinstance(found, Lazy):
        return Optional(found.get(key)) if found.has(key) else NONE
    if not isinstance(found, dict):
        return NONE
    value = found.get(key, _MISSING)
    return NONE if value is _MISSING or (typed and value is None) else Optional(value)


def _call(expr: ast.Call) -> Run:
    special = _SPECIAL.get(expr.function)
    if special is not None:
        return special([build(arg) for arg in expr.args])
    args = [build(arg) for arg in ([expr.target] if expr.target is not None else []) + expr.args]
    overloads: Sequence[Overload] = expr.overloads
    sized = overloads[0].id not in ("scalar", "index_list", "index_map", "dyn")
    if len(overloads) == 1 and not _dynamic(expr) and not sized:
        return _direct(overloads[0].run, args)
    return _dispatch(overloads, args)


def _dynamic(expr: ast.Call) -> bool:
    """Whether types of arguments are known only at run time."""
    given = [*([expr.target] if expr.target is not None else []), *expr.args]
    wanted = expr.overloads[0].args
    return any(
        arg.type.kind == "dyn" and kind.kind not in ("param", "dyn") for arg, kind in zip(given, wanted, strict=True)
    )


def _direct(function: Callable[..., Any], args: list[Run]) -> Run:
    if len(args) == 1:
        (only,) = args
        return lambda scope: function(only(scope))
    if len(args) == 2:
        first, second = args
        return lambda scope: function(first(scope), second(scope))
    return lambda scope: function(*[arg(scope) for arg in args])


def _dispatch(overloads: Sequence[Overload], args: list[Run]) -> Run:
    def run(scope: Scope) -> Any:
        given = [arg(scope) for arg in args]
        for overload in overloads:
            if len(overloads) == 1 or overload.fits(given):
                if len(overloads) == 1 and not overload.fits(given):
                    break
                meter: Meter | None = scope.get("@")
                if meter is not None:
                    meter.call(overload.id, given)
                return overload.run(*given)
        raise EvalError("no such overload")

    return run


def _and(args: list[Run]) -> Run:
    left, right = args
    return lambda scope: _decided(left, right, scope, decisive=False)


def _or(args: list[Run]) -> Run:
    left, right = args
    return lambda scope: _decided(left, right, scope, decisive=True)


def _decided(left: Run, right: Run, scope: Scope, *, decisive: bool) -> Any:
    """&& and ||: an error on one side doesn't matter if the other side decides."""
    try:
        first = left(scope)
        if first is decisive:
            return decisive
        fault = None if isinstance(first, bool) else EvalError("no such overload")
    except EvalError as problem:
        fault = problem
    second = right(scope) if fault is None else _quiet(right, scope)
    if second is decisive:
        return decisive
    if fault is not None:
        raise fault
    if not isinstance(second, bool):
        raise EvalError("no such overload")
    return second


def _quiet(run: Run, scope: Scope) -> Any:
    try:
        return run(scope)
    except EvalError:
        return None


def _conditional(args: list[Run]) -> Run:
    condition, yes, no = args

    def run(scope: Scope) -> Any:
        found = condition(scope)
        if found is True:
            return yes(scope)
        if found is False:
            return no(scope)
        raise EvalError("no such overload")

    return run


def _list(expr: ast.ListExpr) -> Run:
    items = [build(item) for item in expr.items]
    if not expr.optional:
        return lambda scope: [item(scope) for item in items]
    optional = expr.optional

    def run(scope: Scope) -> list[Any]:
        out = []
        for index, item in enumerate(items):
            value = item(scope)
            if index not in optional:
                out.append(value)
            elif value.present:
                out.append(value.value)
        return out

    return run


def _map(expr: ast.MapExpr) -> Run:
    entries = [(build(key), build(value), optional) for key, value, optional in expr.entries]
    names = expr.type.names if expr.name else {}

    def run(scope: Scope) -> dict[Any, Any]:
        out = {}
        for key, value, optional in entries:
            name = key(scope)
            found = value(scope)
            if name in out:
                raise EvalError(f"duplicate key in map: {name}")
            if not optional:
                out[names.get(name, name)] = found
            elif found.present:
                out[names.get(name, name)] = found.value
        return out

    return run


def _macro(expr: ast.Macro) -> Run:
    condition = build(expr.condition) if expr.condition is not None else None
    return loops.build(expr, build(expr.target), build(expr.body), condition)


def _bind(expr: ast.Bind) -> Run:
    value, body, name, kind = build(expr.value), build(expr.body), expr.name, expr.kind

    def run(scope: Scope) -> Any:
        given = value(scope)
        if kind != "bind":
            if not isinstance(given, Optional):
                raise EvalError("no such overload")
            if not given.present:
                return NONE
            given = given.value
        found = body({**scope, name: given})
        return Optional(found) if kind == "optMap" else found

    return run


_SPECIAL: Final[dict[str, Callable[[list[Run]], Run]]] = {"_&&_": _and, "_||_": _or, "_?_:_": _conditional}
_BUILDERS: Final[dict[type, Callable[[Any], Run]]] = {
    ast.Literal: _literal,
    ast.Ident: _ident,
    ast.Select: _select,
    ast.Call: _call,
    ast.ListExpr: _list,
    ast.MapExpr: _map,
    ast.Macro: _macro,
    ast.Bind: _bind,
}
