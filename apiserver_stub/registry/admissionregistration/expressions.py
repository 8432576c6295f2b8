"""CEL expressions of admission policies and match conditions: whether they compile, and give what they must."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError

if TYPE_CHECKING:
    from apiserver_stub.schema import cel
    from apiserver_stub.schema.cel.types import Type

_IDENTIFIER: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*", re.ASCII)
_RESERVED: Final = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)


@dataclass(slots=True)
class Scope:
    """What expressions of one object may speak of.

    params: whether a paramKind is given. composed: types of what `variables.` holds, in the order of declaration;
    None where the object has no variables.
    """

    params: bool = False
    composed: dict[str, Type] | None = None

    def faults(
        self, text: str, path: str, *results: str, authorizer: bool = True, patches: bool = False
    ) -> list[FieldError]:
        """Why an expression is none. results: the types it may give; patches: whether it may make patches."""
        program = self._compile(text, path, authorizer=authorizer, patches=patches)
        if isinstance(program, FieldError):
            return [program]
        given = str(program.type) if program.type.kind != "null_type" else "null_type"
        if given in results:
            return []
        wanted = results[0] if len(results) == 1 else f"one of [{' '.join(results)}]"
        return [field.invalid(path, text, f"must evaluate to {wanted} but got {given}")]

    def declare(self, name: str, text: str, path: str) -> list[FieldError]:
        """A variable that the expressions after it may use."""
        from apiserver_stub.schema.cel import types

        program = self._compile(text, path, authorizer=True, patches=False)
        assert self.composed is not None
        if isinstance(program, FieldError):
            self.composed[name] = types.DYN
            return [program]
        self.composed[name] = program.type
        return []

    def _compile(self, text: str, path: str, *, authorizer: bool, patches: bool) -> cel.Program | FieldError:
        from apiserver_stub.registry.admissionregistration import environment
        from apiserver_stub.schema import cel

        known = environment.variables(params=self.params, authorizer=authorizer, composed=self.composed)
        try:
            return environment.compile(text, known, patches=patches)
        except cel.CompileError as problem:
            return field.invalid(path, text, f"compilation failed: {problem}")


def is_identifier(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None and name not in _RESERVED


def variables(values: list[dict[str, Any]], path: str, scope: Scope) -> list[FieldError]:
    """The variables of a policy, in their order."""
    if values and scope.composed is None:
        scope.composed = {}
    out = []
    for i, value in enumerate(values):
        name, text, here = value.get("name", ""), value.get("expression", ""), f"{path}[{i}]"
        if not name.strip():
            out.append(field.required(f"{here}.name", "name is not specified"))
        elif not is_identifier(name):
            out.append(field.invalid(f"{here}.name", name, "must be a valid CEL identifier"))
        if not text.strip():
            out.append(field.required(f"{here}.expression", "expression is not specified"))
        else:
            out += scope.declare(name, text, f"{here}.expression")
    return out
