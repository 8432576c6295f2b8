"""Compile errors of CEL as people see them: place, message, the line, and a mark below it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


class CompileError(ValueError):
    """An expression that doesn't compile; the text is upstream's after "compilation failed: "."""


class ProgramError(CompileError):
    """An expression that compiles and yet can't run; the text is upstream's, nothing stands before it."""


@dataclass(frozen=True, slots=True)
class Issue:
    """`at`: offset in the source, in characters."""

    at: int
    message: str


def render(source: str, issues: list[Issue]) -> str:
    """All issues, in the order of their places."""
    return "\n".join(_render(source, issue) for issue in sorted(issues, key=lambda issue: issue.at))


def _render(source: str, issue: Issue) -> str:
    before = source[: issue.at]
    line = before.count("\n")
    start = before.rfind("\n") + 1
    column = issue.at - start
    text = source.split("\n")[line].replace("\t", " ")
    dots = "".join("．" if _wide(char) else "." for char in text[:column])
    mark = "＾" if column < len(text) and _wide(text[column]) else "^"
    return f"ERROR: <input>:{line + 1}:{column + 1}: {issue.message}\n | {text}\n | {dots}{mark}"


def _wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F")
