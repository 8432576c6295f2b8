"""CEL expressions of admission policies and match conditions: which variables they see, what they must give."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError

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

    params: whether a paramKind is given. authorizer: whether authorizer may be asked. variables: names that
    `variables.` has, with the types of their expressions; composed grows as they are compiled.
    """

    params: bool = False
    variables: dict[str, Any] = attribute(default_factory=dict)

    def faults(
        self, text: str, path: str, result: str, *, authorizer: bool = True, patches: bool = False
    ) -> list[FieldError]:
        """Why an expression is none. result: "bool", "string", "string?", "Object", "list(JSONPatch)" or ""."""
        return []

    def declare(self, name: str, text: str, path: str) -> list[FieldError]:
        """A variable that the expressions after it may use."""
        self.variables[name] = None
        return []


def is_identifier(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None and name not in _RESERVED


def variables(values: list[dict[str, Any]], path: str, scope: Scope) -> list[FieldError]:
    """The variables of a policy, in their order."""
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
