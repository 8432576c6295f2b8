"""The Common Expression Language as Kubernetes speaks it: parsing, type checking, evaluation, cost.

Imported only once something holds an expression: a node without them pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.schema.cel import checker, cost, interpreter, loops, parser, types, unify, values
from apiserver_stub.schema.cel.metering import PER_CALL_LIMIT, CostError, Meter
from apiserver_stub.schema.cel.source import CompileError, ProgramError
from apiserver_stub.schema.cel.types import Type
from apiserver_stub.schema.cel.values import EvalError

# What is thrown away counts too: the limit of one estimate, of all of a CRD, and of all rules run on one object.
ESTIMATE_LIMIT: Final = 10_000_000
CRD_ESTIMATE_LIMIT: Final = 100_000_000
RUNTIME_BUDGET: Final = 10_000_000
_UNFORESEEN: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


class Program:
    """A compiled expression.

    `type`: of its result; `uses`: names of the variables it refers to; `estimate`: the most it may cost.
    """

    __slots__ = ("_run", "_steps", "estimate", "source", "type", "uses")

    def __init__(self, text: str, variables: Mapping[str, Type], objects: Mapping[str, Type] | None = None) -> None:
        self.source = text
        try:
            tree = parser.parse(text)
            found, self.uses = checker.check(text, tree, variables, objects)
            # What nothing is known of, as the items of an empty list, is dyn.
            self.type = unify.resolve(found, {})
            self.estimate = cost.estimate(tree)
            self._steps = loops.steps(tree)
            self._run = interpreter.build(tree)
        except RecursionError:
            raise CompileError("ERROR: <input>:-1:0: expression recursion limit exceeded: 250") from None

    def evaluate(self, variables: Mapping[str, Any], limit: int = PER_CALL_LIMIT) -> tuple[Any, int]:
        """The result and what it cost.

        Raises EvalError in upstream's words, and CostError when `limit` (cost units) is exceeded.
        """
        meter = Meter(self._steps, limit)
        try:
            return self._run({**variables, "@": meter}), meter.spent
        except _UNFORESEEN as problem:
            # Values whose types are known only now can be anything: a function that can't take one has no overload.
            raise EvalError("no such overload") from problem

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """The result alone; raises EvalError or CostError."""
        return self.evaluate(variables)[0]


class ResultError(CompileError):
    """An expression gives something else than is wanted; `type` is what it gives."""

    def __init__(self, found: Type, wanted: Type) -> None:
        super().__init__(f"must evaluate to {wanted}")
        self.type = found


def compile(
    expression: str,
    variables: Mapping[str, Type],
    result: Type | None = types.BOOL,
    objects: Mapping[str, Type] | None = None,
) -> Program:
    """A program of an expression over variables.

    result: the type it must give exactly (dyn is none), None for any. objects: types that braces can make, by name.
    Raises CompileError, whose text is what upstream says after "compilation failed: ", and ResultError.
    """
    program = Program(expression, variables, objects)
    if result is not None and not program.type.same(result):
        raise ResultError(program.type, result)
    return program


__all__ = [
    "CRD_ESTIMATE_LIMIT",
    "ESTIMATE_LIMIT",
    "PER_CALL_LIMIT",
    "RUNTIME_BUDGET",
    "CompileError",
    "CostError",
    "EvalError",
    "Program",
    "ProgramError",
    "ResultError",
    "Type",
    "compile",
    "types",
    "values",
]
