"""One CEL rule of a CRD schema: what it says of a value that doesn't satisfy it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema import cel
from apiserver_stub.schema.cel import fieldpath, types, values
from apiserver_stub.schema.cel.types import Type
from apiserver_stub.schema.structural_values import MISSING

Schema = Mapping[str, Any]
_MAX_MESSAGE: Final = 5 * 1024
_OUT_OF_BUDGET: Final = "validation failed due to running out of cost budget, no further validation rules will be run"
_MESSAGE_BUDGET: Final = (
    "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run"
)


class OutOfBudgetError(Exception):
    """No further rule is run on this object."""


class Budget:
    """What all rules on one object may still cost; negative once it is used up."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class Rule:
    """A compiled rule. `transition`: it compares with the old value; `optional_old`: and runs without one too."""

    def __init__(self, rule: Schema, schema: Schema, kind: Type) -> None:
        self.rule = rule
        self.optional_old = bool(rule.get("optionalOldSelf"))
        self.error = ""
        self.message_error = ""
        self._program: cel.Program | None = None
        self._message: cel.Program | None = None
        self._path = ""
        self.transition = False
        variables = {"self": kind, "oldSelf": types.optional_of(kind) if self.optional_old else kind}
        self._compile(rule, variables)
        if rule.get("fieldPath"):
            try:
                self._path = fieldpath.normalize(rule["fieldPath"], schema)
            except fieldpath.FieldPathError:
                self._path = ""

    def _compile(self, rule: Schema, variables: Mapping[str, Type]) -> None:
        if not rule.get("rule", "").strip():
            return
        try:
            self._program = cel.compile(rule["rule"], variables)
            self.transition = "oldSelf" in self._program.uses
        except cel.ResultError:
            self.error = "cel expression must evaluate to a bool"
        except cel.ProgramError as problem:
            self.error = str(problem)
        except cel.CompileError as problem:
            self.error = f"compilation failed: {problem}"
        if not rule.get("messageExpression"):
            return
        try:
            self._message = cel.compile(rule["messageExpression"], variables, types.STRING)
        except cel.ResultError:
            self.message_error = "messageExpression must evaluate to a string"
        except cel.CompileError as problem:
            self.message_error = f"messageExpression compilation failed: {problem}"

    @property
    def estimate(self) -> int:
        return self._program.estimate if self._program is not None else 0

    @property
    def message_estimate(self) -> int:
        return self._message.estimate if self._message is not None else 0

    def fault(self, value: Any, old: Any, path: str, shown: Any, budget: Budget) -> FieldError | None:
        """What is wrong with a value. shown: the value as JSON, for the message."""
        if self.error:
            return _invalid(path, shown, f"rule compile error: {self.error}")
        if self._program is None:
            return None
        if budget.left <= 0:
            budget.left = -1
            return _invalid(path, shown, _OUT_OF_BUDGET)
        scope = {"self": value}
        if self.optional_old:
            scope["oldSelf"] = values.NONE if old is MISSING else values.Optional(old)
        elif old is not MISSING:
            scope["oldSelf"] = old
        try:
            satisfied, spent = self._program.evaluate(scope)
        except cel.CostError as problem:
            budget.left = -1
            detail = f"'{problem}': no further validation rules will be run due to call cost exceeds limit for rule: "
            return _invalid(path, shown, detail + self._text)
        except cel.EvalError as problem:
            return _invalid(path, shown, self._runtime_fault(str(problem)))
        if not self._pay(budget, spent):
            return _invalid(path, shown, _OUT_OF_BUDGET)
        if satisfied is True:
            return None
        here = field.path(path, self._path) if self._path and not self._path.startswith("[") else path + self._path
        return self._verdict(here, shown, scope, budget)

    @staticmethod
    def _pay(budget: Budget, spent: int) -> bool:
        if spent > budget.left:
            budget.left = -1
            return False
        budget.left -= spent
        return True

    @property
    def _text(self) -> str:
        message: str = self.rule.get("message") or self.rule["rule"]
        return message.strip()

    def _runtime_fault(self, problem: str) -> str:
        if problem.startswith("no such overload"):
            reason = "call arguments did not match a supported operator, function or macro signature for rule"
            return f"'{problem}': {reason}: {self._text}"
        return f"{problem} evaluating rule: {self._text}"

    def _verdict(self, path: str, shown: Any, scope: dict[str, Any], budget: Budget) -> FieldError:
        detail = self._evaluated_message(scope, budget) if self._message is not None else None
        if budget.left < 0:
            return _invalid(path, shown, detail or _MESSAGE_BUDGET)
        if detail is None:
            message = self.rule.get("message")
            detail = message.strip() if message else f"failed rule: {self._text}"
        reason = self.rule.get("reason")
        if reason in ("FieldValueForbidden", "FieldValueRequired"):
            return FieldError(reason, path or "<nil>", "", detail)
        if reason == "FieldValueDuplicate":
            return FieldError(reason, path or "<nil>", _value(shown), "")
        return _invalid(path, shown, detail)

    def _evaluated_message(self, scope: dict[str, Any], budget: Budget) -> str | None:
        """What messageExpression says, None if it fails: then the message counts."""
        assert self._message is not None
        try:
            text, spent = self._message.evaluate(scope)
        except cel.CostError:
            budget.left = -1
            quoted = field.quote(self.rule["messageExpression"])
            fault = "no further validation rules will be run due to call cost exceeds limit for messageExpression"
            return f"{fault}: {quoted}"
        except cel.EvalError:
            return None
        if not self._pay(budget, spent):
            return None
        if not isinstance(text, str):
            return None
        text = text.strip()
        return text if text and len(text.encode()) <= _MAX_MESSAGE and "\n" not in text else None


def _invalid(path: str, shown: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", path or "<nil>", _value(shown), detail)


def _value(shown: Any) -> str:
    """Objects and lists are not quoted in messages of rules."""
    return "" if isinstance(shown, dict | list) else field.show(shown)


def compile_rule(rule: Schema, schema: Schema, kind: Type) -> Rule:
    """A rule on values of a schema; what doesn't compile says so when it runs."""
    return Rule(rule, schema, kind)
