"""Regular expressions as Go has them: RE2 itself, whose time grows with the input's length only; errors in Go's words.

Loaded when the first expression is compiled: a node without any doesn't pay for it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Final, Protocol

# RE2's words for what is wrong, and Go's.
_FAULTS: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "pattern too large - compile failed": "expression too large",
}


class RegexError(ValueError):
    """Not a regular expression; the text is Go's error."""


class Match(Protocol):
    """What was found: [0] is the text, [1] the first group."""

    def __getitem__(self, group: int) -> str: ...


class Pattern(Protocol):
    """A compiled expression. `search` finds the first match anywhere, as Go's MatchString does."""

    def search(self, text: str) -> Match | None: ...
    def finditer(self, text: str) -> Iterator[Match]: ...


@functools.cache
def _library() -> tuple[Any, Any]:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2, options


@functools.lru_cache(maxsize=1024)
def compile(pattern: str) -> Pattern:
    """The compiled expression; raises RegexError."""
    re2, options = _library()
    try:
        found: Pattern = re2.compile(pattern, options=options)
    except re2.error as problem:
        raise RegexError(_in_go(problem.args[0])) from None
    except UnicodeEncodeError:
        raise RegexError(f"error parsing regexp: invalid UTF-8: `{pattern!r}`") from None
    return found


def _in_go(problem: bytes | str) -> str:
    text = problem.decode(errors="replace") if isinstance(problem, bytes) else problem
    if text == "trailing \\":
        return "error parsing regexp: trailing backslash at end of expression: ``"
    fault, mark, part = text.partition(": ")
    fault = _FAULTS.get(fault, fault)
    return f"error parsing regexp: {fault}: `{part}`" if mark else f"error parsing regexp: {fault}"
