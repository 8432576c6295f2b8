"""Groups of expressions: lazy variables, budgets, match conditions."""

from typing import Any

import pytest

from apiserver_stub.admission.policies import evaluation
from apiserver_stub.admission.policies.evaluation import CONDITIONS_BUDGET, Compiler, Outcome, OutOfBudget, Undecided

SCOPE: dict[str, Any] = {"object": {"n": 1, "text": "x"}, "oldObject": None, "namespaceObject": None, "request": {}}


def compiler(**declared: str) -> Compiler:
    return Compiler([{"name": name, "expression": text} for name, text in declared.items()], params=False)


def outcomes(known: Compiler, *texts: str, budget: int = 10_000_000) -> list[Outcome]:
    return evaluation.run([known.expression(text) for text in texts], known.variables, SCOPE, budget)[0]


def test_a_variable_is_computed_once_and_only_where_it_is_looked_at() -> None:
    known = compiler(a="object.n + 1", b="variables.a * 2", broken="object.none")
    assert outcomes(
        known, "variables.b == 4 || variables.broken", "has(variables.broken)", "variables.?a.orValue(0) == 2"
    )[0] == Outcome(True)
    (fault,) = outcomes(known, "variables.broken == 1")
    assert fault.error == (
        "expression 'variables.broken == 1' resulted in error: "
        'composited variable "broken" fails to evaluate: no such key: none'
    )


def test_what_no_longer_compiles_says_so() -> None:
    known = compiler(v="object.x(")
    (one, two) = outcomes(known, "nonsense.", "variables.v == 1")
    assert one.error.startswith("compilation error: compilation failed: ERROR: <input>:1:")
    assert 'composited variable "v" fails to compile: compilation failed: ' in two.error


def test_variables_know_their_types() -> None:
    assert (
        compiler(v="'text'")
        .expression("variables.v + 1")
        .fault.startswith(
            "compilation failed: ERROR: <input>:1:13: found no matching overload for '_+_' applied to '(string, int)'"
        )
    )


def test_a_budget_is_for_all_and_for_their_variables() -> None:
    costly = "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, a + b + object.n > 0))"
    known = compiler(v=costly)
    spent = 10_000 - evaluation.run([known.expression(costly)], {}, SCOPE, 10_000)[1]
    assert spent > 100
    with pytest.raises(OutOfBudget, match="running out of cost budget"):
        outcomes(known, costly, costly, budget=spent)
    with pytest.raises(OutOfBudget):
        outcomes(known, "variables.v", budget=spent // 2)
    assert outcomes(known, "variables.v", "variables.v", budget=spent + 10)[1] == Outcome(True)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], True),
        (["object.n == 1", "object.text == 'x'"], True),
        (["object.n == 1", "object.text == 'y'"], False),
        (["object.none == 1", "object.text == 'y'"], False),
        (["object.none == 1"], "expression 'object.none == 1' resulted in error: no such key: none"),
        (
            ["object.a == 1", "object.b == 1", "object.n == 1"],
            "[expression 'object.a == 1' resulted in error: no such key: a, "
            "expression 'object.b == 1' resulted in error: no such key: b]",
        ),
    ],
)
def test_conditions(conditions: list[str], expected: bool | str) -> None:
    expressions = [compiler().expression(text) for text in conditions]
    if isinstance(expected, bool):
        assert evaluation.matches(expressions, {}, SCOPE) is expected
        return
    with pytest.raises(Undecided) as fault:
        evaluation.matches(expressions, {}, SCOPE)
    assert str(fault.value) == expected


def test_conditions_have_a_budget_of_their_own() -> None:
    assert CONDITIONS_BUDGET == 2_500_000
