"""CEL's type checker: gives every expression its type and every call its overloads, with upstream's messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.schema import goregex
from apiserver_stub.schema.cel import ast, functions, source, types, unify, values
from apiserver_stub.schema.cel.ast import Expr
from apiserver_stub.schema.cel.conversions import TYPE_NAMES
from apiserver_stub.schema.cel.source import CompileError, Issue
from apiserver_stub.schema.cel.types import Type

# Dotted names of global functions begin with one of these: "sets.contains", "ip.isCanonical".
_NAMESPACES: Final = frozenset({"sets", "optional", "ip", "strings", "format"})
_LITERALS: Final[tuple[tuple[type, Type], ...]] = (
    (bool, types.BOOL),
    (values.UInt, types.UINT),
    (int, types.INT),
    (float, types.DOUBLE),
    (str, types.STRING),
    (bytes, types.BYTES),
    (type(None), types.NULL),
)


def check(
    text: str, expr: Expr, variables: Mapping[str, Type], objects: Mapping[str, Type] | None = None
) -> tuple[Type, frozenset[str]]:
    """The type of an expression and the variables it uses; raises CompileError.

    objects: types that braces can make ("Object", "JSONPatch"), by name.
    """
    checker = _Checker(variables, objects or {})
    found = checker.check(expr)
    if checker.issues:
        raise CompileError(source.render(text, checker.issues))
    if checker.broken:
        raise source.ProgramError(checker.broken)
    return found, frozenset(checker.used)


class _Checker:
    def __init__(self, variables: Mapping[str, Type], objects: Mapping[str, Type]) -> None:
        self.issues: list[Issue] = []
        # Why no program can be made of it, though it is right otherwise.
        self.broken = ""
        self.used: set[str] = set()
        self._variables = variables
        self._objects = objects
        # Functions for patches are there where patches can be made.
        self._namespaces = _NAMESPACES | {"jsonpatch"} if objects else _NAMESPACES
        self._scopes: list[dict[str, Type]] = []
        # How many calls of format() surround what is looked at.
        self._mixed = 0

    def _fault(self, at: int, message: str) -> Type:
        self.issues.append(Issue(at, message))
        return types.ERROR

    def check(self, expr: Expr) -> Type:
        expr.type = getattr(self, f"_{type(expr).__name__.lower()}")(expr)
        return expr.type

    def _literal(self, expr: ast.Literal) -> Type:
        return next(kind for python, kind in _LITERALS if isinstance(expr.value, python))

    def _ident(self, expr: ast.Ident) -> Type:
        found = self._lookup(expr.name)
        return found if found is not None else self._undeclared(expr.at, expr.name)

    def _undeclared(self, at: int, name: str) -> Type:
        return self._fault(at, f"undeclared reference to '{name}' (in container '')")

    def _lookup(self, name: str) -> Type | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        found = self._variables.get(name)
        if found is not None:
            self.used.add(name)
            return found
        return types.type_of(TYPE_NAMES[name]) if name in TYPE_NAMES else None

    def _select(self, expr: ast.Select) -> Type:
        whole = _dotted(expr)
        if whole and not expr.test and not self._is_local(whole.partition(".")[0]):
            found = self._lookup(whole)
            if found is not None:
                expr.whole = whole
                return found
        operand = self.check(expr.operand)
        lifted = operand.name == "optional_type"
        if lifted:
            operand = operand.params[0]
        found = self._field(expr, operand)
        if expr.test:
            return types.BOOL
        return types.optional_of(found) if (lifted or expr.optional) and found is not types.ERROR else found

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def _field(self, expr: ast.Select, operand: Type) -> Type:
        if operand.kind == "map":
            return operand.params[1]
        if operand.kind == "object":
            found = operand.fields.get(expr.name)
            if found is not None:
                return found
            return self._fault(expr.at, f"undefined field '{expr.name}'")
        if operand.kind in ("dyn", "error", "param"):
            return types.DYN if operand.kind != "error" else types.ERROR
        return self._fault(expr.at, f"type '{operand}' does not support field selection")

    def _call(self, expr: ast.Call) -> Type:
        function = expr.function
        if expr.target is not None:
            whole = _dotted(expr.target)
            if whole and whole.partition(".")[0] in self._namespaces and f"{whole}.{function}" in functions.table():
                expr.function = function = f"{whole}.{function}"
                expr.target = None
        given = [*([expr.target] if expr.target is not None else []), *expr.args]
        args = [self._argument(function, arg) for arg in given]
        overloads = functions.table().get(function)
        if overloads is None:
            return self._undeclared(expr.at, function)
        if any(arg.kind == "error" for arg in args):
            return types.ERROR
        found = unify.call([one for one in overloads if one.method == (expr.target is not None)], args)
        if found is None:
            return self._fault(
                expr.at, f"found no matching overload for '{function}' applied to '{_signature(expr, args)}'"
            )
        expr.overloads = found[0]
        self._validate_literal(expr)
        return found[1]

    def _argument(self, function: str, arg: Expr) -> Type:
        # What is to be formatted may be of mixed types.
        self._mixed += function == "format"
        found = self.check(arg)
        self._mixed -= function == "format"
        return found

    def _validate_literal(self, expr: ast.Call) -> None:
        """Literals that can't work when they run are refused at once."""
        literal = expr.args[0] if expr.args else None
        if not isinstance(literal, ast.Literal) or not isinstance(literal.value, str):
            return
        try:
            if expr.function in ("find", "findAll") or (expr.function == "matches" and expr.target is not None):
                goregex.compile(literal.value)
            elif expr.function in ("duration", "timestamp"):
                (values.parse_duration if expr.function == "duration" else values.parse_timestamp)(literal.value)
        except goregex.RegexError as problem:
            if expr.function == "matches":
                self._fault(literal.at, "invalid matches argument")
            self.broken = self.broken or f"program instantiation failed: {problem}"
        except (ValueError, OverflowError):
            self._fault(literal.at, f"invalid {expr.function} argument")

    def _listexpr(self, expr: ast.ListExpr) -> Type:
        found: list[tuple[Expr, Type]] = []
        for index, item in enumerate(expr.items):
            kind = self.check(item)
            found.append((item, _unwrapped(kind) if index in expr.optional else kind))
        return types.list_of(self._joined(found) if found else types.param("_E"))

    def _joined(self, found: list[tuple[Expr, Type]]) -> Type:
        """The one type of all; literals must not mix types."""
        first = found[0][1]
        for expr, kind in found[1:]:
            bound: unify.Bindings = {}
            if not unify.assignable(kind, first, bound):
                if self._mixed:
                    return types.DYN
                self._fault(expr.at, f"expected type '{first}' but found '{kind}'")
                return types.DYN
            if first.kind in ("null_type", "dyn"):
                first = kind
        return first

    def _mapexpr(self, expr: ast.MapExpr) -> Type:
        if expr.name:
            return self._object(expr)
        keys = [(key, self.check(key)) for key, _, _ in expr.entries]
        inner = [(value, self.check(value), optional) for _, value, optional in expr.entries]
        kinds = [(value, _unwrapped(kind) if optional else kind) for value, kind, optional in inner]
        if not expr.entries:
            return types.map_of(types.param("_K"), types.param("_V"))
        return types.map_of(self._joined(keys), self._joined(kinds))

    def _object(self, expr: ast.MapExpr) -> Type:
        kind = self._objects.get(expr.name)
        for _, value, _ in expr.entries:
            self.check(value)
        if kind is None:
            return self._undeclared(expr.at, expr.name)
        for key, value, optional in expr.entries:
            assert isinstance(key, ast.Literal)
            field = kind.fields.get(key.value)
            if field is None:
                if kind.fields or kind.kind != "object":
                    self._fault(key.at, f"undefined field '{key.value}'")
                continue
            given = _unwrapped(value.type) if optional else value.type
            if not unify.assignable(given, field, {}):
                message = f"expected type of field '{key.value}' is '{field}' but provided type is '{given}'"
                self._fault(value.at, message)
        return kind

    def _macro(self, expr: ast.Macro) -> Type:
        over = self.check(expr.target)
        first, second = self._ranged(expr, over)
        scope = {expr.first: first}
        if expr.second:
            scope[expr.second] = second
        self._scopes.append(scope)
        if expr.condition is not None:
            self._expect_bool(expr.condition, expr.at, "_?_:_")
        body = self.check(expr.body)
        if expr.kind in ("all", "exists", "exists_one", "filter"):
            self._must_be_bool(expr, body)
        self._scopes.pop()
        return _macro_result(expr, over, first, body)

    def _must_be_bool(self, expr: ast.Macro, body: Type) -> None:
        """In the words of the operators that upstream expands macros to."""
        if body.kind in ("bool", "dyn", "error", "param"):
            return
        shown = {
            "all": ("_&&_", f"(bool, {body})"),
            "exists": ("_||_", f"(bool, {body})"),
            "exists_one": ("_?_:_", f"({body}, int, int)"),
            "filter": (
                "_?_:_",
                f"({body}, list({expr.target.type.params[0] if expr.target.type.params else 'dyn'}), "
                f"list({expr.target.type.params[0] if expr.target.type.params else 'dyn'}))",
            ),
        }[expr.kind]
        self._fault(expr.at, f"found no matching overload for '{shown[0]}' applied to '{shown[1]}'")

    def _expect_bool(self, condition: Expr, at: int, operator: str) -> None:
        kind = self.check(condition)
        if kind.kind not in ("bool", "dyn", "error", "param"):
            self._fault(at, f"found no matching overload for '{operator}' applied to '({kind}, list(dyn), list(dyn))'")

    def _ranged(self, expr: ast.Macro, over: Type) -> tuple[Type, Type]:
        if over.kind == "list":
            item = _known(over.params[0])
            return (types.INT, item) if expr.second else (item, item)
        if over.kind == "map":
            return _known(over.params[0]), _known(over.params[1])
        if over.kind in ("dyn", "error", "param"):
            return types.DYN, types.DYN
        message = f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)"
        self._fault(expr.target.at, message)
        return types.ERROR, types.ERROR

    def _bind(self, expr: ast.Bind) -> Type:
        value = self.check(expr.value)
        if expr.kind != "bind":
            if value.name != "optional_type":
                if value.kind not in ("dyn", "error"):
                    return self._fault(expr.at, f"found no matching overload for '{expr.kind}' applied to '{value}.()'")
                value = types.DYN
            value = _unwrapped(value)
        self._scopes.append({expr.name: value})
        body = self.check(expr.body)
        self._scopes.pop()
        return types.optional_of(body) if expr.kind == "optMap" else body


def _macro_result(expr: ast.Macro, over: Type, first: Type, body: Type) -> Type:
    if expr.kind in ("all", "exists", "exists_one"):
        return types.BOOL
    if expr.kind == "filter":
        return types.list_of(first)
    if expr.kind in ("map", "transformList"):
        return types.list_of(body)
    if expr.kind == "transformMap":
        return types.map_of(first, body)
    return body if body.kind == "map" else types.map_of(types.DYN, types.DYN)


def _known(kind: Type) -> Type:
    """Items of an empty literal may be anything."""
    return types.DYN if kind.kind == "param" else kind


def _unwrapped(kind: Type) -> Type:
    return kind.params[0] if kind.name == "optional_type" else kind


def _signature(expr: ast.Call, args: list[Type]) -> str:
    shown = [_shown(arg) for arg in args]
    if expr.target is not None:
        return f"{shown[0]}.({', '.join(shown[1:])})"
    return f"({', '.join(shown)})"


def _shown(kind: Type) -> str:
    return re.sub(r"\b_[EKV]\b", "dyn", str(kind))


def _dotted(expr: Any) -> str:
    """The dotted name of nested selections of a plain name, else empty."""
    if isinstance(expr, ast.Ident):
        return expr.name
    if isinstance(expr, ast.Select) and not (expr.test or expr.optional):
        inner = _dotted(expr.operand)
        return f"{inner}.{expr.name}" if inner else ""
    return ""
