"""Parts of CEL's syntax trees that need no parser: numbers, chains of operators, names of types."""

from __future__ import annotations

from apiserver_stub.schema.cel import ast
from apiserver_stub.schema.cel.ast import Expr
from apiserver_stub.schema.cel.lexer import Token
from apiserver_stub.schema.cel.source import Issue
from apiserver_stub.schema.cel.values import UInt


def number(token: Token, minus: Token | None, issues: list[Issue]) -> Expr:
    """The literal of a number; minus: the sign before it, which is part of it."""
    text = token.text
    at = minus.at if minus else token.at
    sign = -1 if minus else 1
    if token.kind == "float":
        value = float(text) * sign
        if value in (float("inf"), float("-inf")):
            issues.append(Issue(at, "invalid double literal"))
        return ast.Literal(at, value)
    digits = text.rstrip("uU")
    if len(digits) > 40:
        issues.append(Issue(at, f"invalid {token.kind} literal"))
        digits = "0"
    whole = sign * (int(digits, 16) if digits.startswith("0x") else int(digits))
    if token.kind == "uint":
        if whole >= 2**64:
            issues.append(Issue(at, "invalid uint literal"))
        return ast.Literal(at, UInt(whole))
    if not -(2**63) <= whole < 2**63:
        issues.append(Issue(at, "invalid int literal"))
    return ast.Literal(at, whole)


def balanced(function: str, terms: list[Expr], places: list[int]) -> Expr:
    """A chain of calls of one operator as a balanced tree; places: of the operators."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    left = balanced(function, terms[:middle], places[: middle - 1])
    right = balanced(function, terms[middle:], places[middle:])
    return ast.Call(places[middle - 1], function, None, [left, right])


def type_name(found: Expr) -> str:
    """The dotted name before braces that make an object; empty if it is none."""
    if isinstance(found, ast.Ident):
        return found.name
    if isinstance(found, ast.Select) and not (found.test or found.optional):
        inner = type_name(found.operand)
        return f"{inner}.{found.name}" if inner else ""
    return ""
