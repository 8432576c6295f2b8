"""Groups of CEL expressions of a policy: compiled once, run together within one budget (pure).

Import it lazily: it brings the CEL compiler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from apiserver_stub.registry.admissionregistration import environment
from apiserver_stub.schema import cel
from apiserver_stub.schema.cel import types, values

Scope = Mapping[str, Any]

# Cost units: of all match conditions, and of each other group of expressions, for one request.
CONDITIONS_BUDGET: Final = 2_500_000
_OUT_OF_BUDGET: Final = "validation failed due to running out of cost budget, no further validation rules will be run"


class OutOfBudget(Exception):
    """The text is upstream's."""

    def __init__(self) -> None:
        super().__init__(_OUT_OF_BUDGET)


class Outcome(NamedTuple):
    """What an expression gave, or in upstream's words why nothing."""

    value: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """fault: why it does not compile (no more: it did when the policy was stored)."""

    text: str
    program: cel.Program | None
    fault: str = ""


class Compiler:
    """Compiles the expressions of one policy. declared: its variables, each of which may use those before it."""

    def __init__(self, declared: Iterable[Mapping[str, Any]], *, params: bool) -> None:
        self._params = params
        self._types: dict[str, types.Type] = {}
        self.variables: dict[str, Expression] = {}
        for variable in declared:
            found = self.expression(variable.get("expression", ""))
            self.variables[variable["name"]] = found
            self._types[variable["name"]] = types.DYN if found.program is None else found.program.type

    def expression(self, text: str, *, authorizer: bool = True, patches: bool = False) -> Expression:
        text = text.strip()
        known = environment.variables(params=self._params, authorizer=authorizer, composed=dict(self._types))
        try:
            return Expression(text, environment.compile(text, known, patches=patches))
        except cel.CompileError as problem:
            return Expression(text, None, f"compilation failed: {problem}")


class _Variables(values.Lazy):
    """`variables.`: each is computed when it is first looked at, and then kept."""

    def __init__(self, declared: Mapping[str, Expression], scope: Scope) -> None:
        self._declared = declared
        self._scope = {**scope, "variables": self}
        self._found: dict[str, Outcome] = {}
        self.spent = 0

    def has(self, name: str) -> bool:
        return name in self._declared

    def get(self, name: str) -> Any:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._compute(name)
        if found.error:
            raise cel.EvalError(found.error)
        return found.value

    def _compute(self, name: str) -> Outcome:
        expression = self._declared.get(name)
        if expression is None:
            return Outcome(error=f"no such key: {name}")
        if expression.program is None:
            return Outcome(error=f'composited variable "{name}" fails to compile: {expression.fault}')
        try:
            value, cost = expression.program.evaluate(self._scope)
        except cel.CostError as problem:
            self.spent += cel.PER_CALL_LIMIT
            return Outcome(error=f'composited variable "{name}" fails to evaluate: {problem}')
        except cel.EvalError as problem:
            return Outcome(error=f'composited variable "{name}" fails to evaluate: {problem}')
        self.spent += cost
        return Outcome(value)


def run(
    expressions: Sequence[Expression], variables: Mapping[str, Expression], scope: Scope, budget: int
) -> tuple[list[Outcome], int]:
    """Each expression's outcome and what is left of the budget. Raises OutOfBudget."""
    composed = _Variables(variables, scope)
    seen = {**scope, "variables": composed}
    out = []
    for expression in expressions:
        if expression.program is None:
            out.append(Outcome(error=f"compilation error: {expression.fault}"))
            continue
        cost = 0
        try:
            value, cost = expression.program.evaluate(seen)
            out.append(Outcome(value))
        except cel.CostError as problem:
            cost = cel.PER_CALL_LIMIT
            out.append(_failed(expression, problem))
        except cel.EvalError as problem:
            out.append(_failed(expression, problem))
        budget -= cost + composed.spent
        composed.spent = 0
        if budget < 0:
            raise OutOfBudget
    return out, budget


def _failed(expression: Expression, problem: Exception) -> Outcome:
    return Outcome(error=f"expression '{expression.text}' resulted in error: {problem}")


class Undecided(Exception):
    """A match condition fails to run and none is false; the text is upstream's."""


def matches(conditions: Sequence[Expression], variables: Mapping[str, Expression], scope: Scope) -> bool:
    """Whether all conditions hold. Raises Undecided, OutOfBudget."""
    if not conditions:
        return True
    # Conditions don't see the Namespace.
    outcomes, _ = run(conditions, variables, {**scope, "namespaceObject": None}, CONDITIONS_BUDGET)
    if any(outcome.value is False for outcome in outcomes if not outcome.error):
        return False
    problems = list(dict.fromkeys(outcome.error for outcome in outcomes if outcome.error))
    if problems:
        raise Undecided(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
    return True
