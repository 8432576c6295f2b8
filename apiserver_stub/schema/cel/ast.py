"""Syntax trees of CEL. Macros stay what they are: they are checked, costed and run without being expanded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apiserver_stub.schema.cel import types
from apiserver_stub.schema.cel.types import Type


@dataclass(slots=True)
class Expr:
    """`at`: offset in the source that errors point to. `type` is set by the checker."""

    at: int
    type: Type = field(default=types.DYN, init=False)


@dataclass(slots=True)
class Literal(Expr):
    value: Any


@dataclass(slots=True)
class Ident(Expr):
    name: str


@dataclass(slots=True)
class Select(Expr):
    """`operand.name`; `test` for has(), `optional` for `operand.?name`. `whole` is the dotted name of a variable."""

    operand: Expr
    name: str
    test: bool = False
    optional: bool = False
    whole: str = field(default="", init=False)


@dataclass(slots=True)
class Call(Expr):
    """A function or, with a target, a method. Operators are calls of `_+_`, `_?_:_`, `!_` …"""

    function: str
    target: Expr | None
    args: list[Expr]
    # Overloads that fit the arguments' types: schema.cel.functions.Overload.
    overloads: list[Any] = field(default_factory=list, init=False)


@dataclass(slots=True)
class ListExpr(Expr):
    items: list[Expr]
    optional: frozenset[int] = frozenset()


@dataclass(slots=True)
class MapExpr(Expr):
    """`name` is the type's name where the braces make an object, else empty; then keys are Literals of field names."""

    entries: list[tuple[Expr, Expr, bool]]
    name: str = ""


@dataclass(slots=True)
class Macro(Expr):
    """A macro over a range: all, exists, exists_one, map, filter, transformList, transformMap, transformMapEntry.

    `second` is the second variable, or empty. `condition` is a filter before the body, or None.
    """

    kind: str
    target: Expr
    first: str
    second: str
    body: Expr
    condition: Expr | None = None


@dataclass(slots=True)
class Bind(Expr):
    """cel.bind(name, value, body); optMap and optFlatMap as well, by `kind`."""

    kind: str
    name: str
    value: Expr
    body: Expr
