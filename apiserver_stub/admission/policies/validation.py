"""What a ValidatingAdmissionPolicy says of a request (pure).

See the Kubernetes page "Validating Admission Policy".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apiserver_stub.admission.policies import evaluation
from apiserver_stub.admission.policies.evaluation import Compiler, Expression, OutOfBudget, Scope
from apiserver_stub.schema import cel

Object = Mapping[str, Any]

_MAX_MESSAGE: Final = 5 * 1024


@dataclass(frozen=True, slots=True)
class Denial:
    """One validation that does not hold. index: its place in the policy."""

    index: int
    message: str
    reason: str = "Invalid"


@dataclass(slots=True)
class Verdict:
    """annotations: (key, value) for the audit log; faults: why some of them could not be made, which denies."""

    denials: list[Denial] = field(default_factory=list)
    annotations: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Validation:
    expression: Expression
    message: str
    computed: Expression | None
    reason: str


class Policy:
    """A compiled policy. stored: a ValidatingAdmissionPolicy."""

    def __init__(self, stored: Object) -> None:
        spec = stored["spec"]
        self.name: str = stored["metadata"]["name"]
        self.spec: Object = spec
        self.ignores_errors = spec.get("failurePolicy") == "Ignore"
        compiler = Compiler(spec.get("variables") or (), params=spec.get("paramKind") is not None)
        self._variables = compiler.variables
        self._conditions = [compiler.expression(one["expression"]) for one in spec.get("matchConditions") or ()]
        self._validations = [_validation(one, compiler) for one in spec.get("validations") or ()]
        annotations: Sequence[Object] = spec.get("auditAnnotations") or ()
        self._keys = [one["key"] for one in annotations]
        self._annotations = [compiler.expression(one["valueExpression"]) for one in annotations]

    def judge(self, scope: Scope) -> Verdict:
        """scope: variables by name, `params` among them if the policy has a paramKind."""
        try:
            if not evaluation.matches(self._conditions, self._variables, scope):
                return Verdict()
            verdict = Verdict(self._validate(scope))
            self._annotate(scope, verdict)
        except (OutOfBudget, evaluation.Undecided) as problem:
            return Verdict(self._failure(0, str(problem)))
        return verdict

    def _failure(self, index: int, message: str) -> list[Denial]:
        return [] if self.ignores_errors else [Denial(index, message)]

    def _validate(self, scope: Scope) -> list[Denial]:
        expressions = [validation.expression for validation in self._validations]
        outcomes, left = evaluation.run(expressions, self._variables, scope, cel.RUNTIME_BUDGET)
        out = []
        for index, (validation, outcome) in enumerate(zip(self._validations, outcomes, strict=True)):
            if outcome.error:
                out += self._failure(index, outcome.error)
            elif outcome.value is not True:
                try:
                    message, left = self._message(validation, scope, left)
                except OutOfBudget as problem:
                    out += self._failure(index, f"failed messageExpression: {problem}")
                    continue
                out.append(Denial(index, message, validation.reason))
        return out

    def _message(self, validation: _Validation, scope: Scope, left: int) -> tuple[str, int]:
        """The computed message if it is one short line, else the given one. Raises OutOfBudget."""
        if validation.computed is not None:
            without = {name: value for name, value in scope.items() if not name.startswith("authorizer")}
            (outcome,), left = evaluation.run([validation.computed], self._variables, without, left)
            text = outcome.value.strip() if isinstance(outcome.value, str) else ""
            if text and "\n" not in text and len(text.encode()) <= _MAX_MESSAGE:
                return text, left
        return validation.message.strip() or f"failed expression: {validation.expression.text}", left

    def _annotate(self, scope: Scope, verdict: Verdict) -> None:
        if not self._annotations:
            return
        outcomes, _ = evaluation.run(self._annotations, self._variables, scope, cel.RUNTIME_BUDGET)
        for key, expression, outcome in zip(self._keys, self._annotations, outcomes, strict=True):
            if outcome.error:
                verdict.faults += [] if self.ignores_errors else [outcome.error]
            elif isinstance(outcome.value, str):
                if text := outcome.value.strip():
                    verdict.annotations.append((key, text))
            elif outcome.value is not None:
                verdict.faults.append(
                    f"valueExpression '{expression.text}' resulted in unsupported return type: "
                    f"{cel.values.type_name(outcome.value)}. Return type must be either string or null."
                )


def _validation(declared: Object, compiler: Compiler) -> _Validation:
    computed: str = declared.get("messageExpression") or ""
    return _Validation(
        compiler.expression(declared["expression"]),
        declared.get("message") or "",
        compiler.expression(computed, authorizer=False) if computed else None,
        declared.get("reason") or "Invalid",
    )
