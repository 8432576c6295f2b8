"""CEL's macros: calls that the parser turns into something else."""

from __future__ import annotations

from typing import Final, Protocol

from apiserver_stub.schema.cel import ast
from apiserver_stub.schema.cel.ast import Expr

_ONE: Final = {
    "all": "all",
    "exists": "exists",
    "exists_one": "exists_one",
    "existsOne": "exists_one",
    "filter": "filter",
}
_TWO: Final = {"all": "all", "exists": "exists", "exists_one": "exists_one", "existsOne": "exists_one"}
_TRANSFORMS: Final = frozenset({"transformList", "transformMap", "transformMapEntry"})
_ACCUMULATORS: Final = frozenset({"__result__", "@result"})


class Faults(Protocol):
    """Where macros report what is wrong with their arguments."""

    def fault(self, at: int, message: str) -> None: ...


def expand(faults: Faults, at: int, name: str, target: Expr | None, args: list[Expr]) -> Expr:
    """A macro, or the plain call."""
    found = _global(faults, at, name, args) if target is None else _member(faults, at, name, target, args)
    return found if found is not None else ast.Call(at, name, target, args)


def _global(faults: Faults, at: int, name: str, args: list[Expr]) -> Expr | None:
    if name != "has" or len(args) != 1:
        return None
    operand = args[0]
    if isinstance(operand, ast.Select) and not operand.test:
        return ast.Select(at, operand.operand, operand.name, test=True, optional=operand.optional)
    faults.fault(operand.at, "invalid argument to has() macro")
    return operand


def _member(faults: Faults, at: int, name: str, target: Expr, args: list[Expr]) -> Expr | None:
    if name == "bind" and isinstance(target, ast.Ident) and target.name == "cel" and len(args) == 3:
        variable = _variable(faults, args[0], "cel.bind() variable names must be simple identifiers")
        return ast.Bind(at, "bind", variable, args[1], args[2])
    if name in ("optMap", "optFlatMap") and len(args) == 2:
        variable = _variable(faults, args[0], f"{name}() variable name must be a simple identifier")
        return ast.Bind(at, name, variable, target, args[1])
    if len(args) == 2 and name in _ONE:
        return ast.Macro(at, _ONE[name], target, _variable(faults, args[0]), "", args[1])
    if name == "map" and len(args) in (2, 3):
        condition = args[1] if len(args) == 3 else None
        return ast.Macro(at, "map", target, _variable(faults, args[0]), "", args[-1], condition)
    if len(args) == 3 and name in _TWO:
        first, second = _pair(faults, args)
        return ast.Macro(at, _TWO[name], target, first, second, args[2])
    if len(args) in (3, 4) and name in _TRANSFORMS:
        first, second = _pair(faults, args)
        condition = args[2] if len(args) == 4 else None
        return ast.Macro(at, name, target, first, second, args[-1], condition)
    return None


def _pair(faults: Faults, args: list[Expr]) -> tuple[str, str]:
    first = _variable(faults, args[0])
    second = _variable(faults, args[1])
    if first and first == second:
        faults.fault(args[1].at, f"duplicate variable name: {second}")
    return first, second


def _variable(faults: Faults, expr: Expr, message: str = "argument must be a simple name") -> str:
    if not isinstance(expr, ast.Ident):
        faults.fault(expr.at, message)
        return ""
    if expr.name in _ACCUMULATORS:
        faults.fault(expr.at, "iteration variable overwrites accumulator variable")
    return expr.name
