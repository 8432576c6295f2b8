"""What an evaluation costs while it runs: loops and work that grows with its input; the rest is counted beforehand."""

from __future__ import annotations

import math
from typing import Any, Final

PER_CALL_LIMIT: Final = 1_000_000
_TEXT: Final = 0.1
_REGEX: Final = 0.25
LIMIT_FAULT: Final = "operation cancelled: actual cost limit exceeded"


class CostError(Exception):
    """The limit of one call is exceeded; no ordinary error of an expression, which && and || may overlook."""


class Meter:
    """Counts the cost of one evaluation; raises CostError beyond the limit."""

    __slots__ = ("limit", "spent")

    def __init__(self, spent: int = 0, limit: int = PER_CALL_LIMIT) -> None:
        self.spent = spent
        self.limit = limit

    def add(self, cost: int) -> None:
        self.spent += cost
        if self.spent > self.limit:
            raise CostError(LIMIT_FAULT)

    def call(self, id: str, args: list[Any]) -> None:
        self.add(call_cost(id, args))


def call_cost(id: str, args: list[Any]) -> int:
    """The cost of one call with these arguments."""
    first = _size(args[0]) if args else 0
    if id == "check":
        return 350_000
    if id in ("equals", "compare_text"):
        return math.ceil(min(first, _size(args[1])) * _TEXT)
    if id == "add_text":
        return math.ceil((first + _size(args[1])) * _TEXT)
    if id in ("traverse_list", "in_list"):
        return _size(args[1]) if id == "in_list" else first
    if id == "starts":
        return math.ceil(_size(args[1]) * _TEXT)
    if id == "contains":
        return math.ceil(first * _TEXT) * math.ceil(_size(args[1]) * _TEXT)
    if id in ("matches", "find"):
        return math.ceil((1 + first) * _TEXT) * math.ceil(_size(args[1]) * _REGEX)
    if id == "replace":
        # Upstream counts the input only; a result that outgrows it by far must not be made at all.
        return math.ceil(first * 2 * _TEXT) + (first + 1) * _size(args[2]) // 100
    if id == "add_list":
        return 1 + (first + _size(args[1])) // 1000
    if id in ("split", "join"):
        return math.ceil(first * 2 * _TEXT)
    if id == "sets":
        return first * _size(args[1]) + 1
    return max(1, math.ceil(first * _TEXT)) if id.startswith(("traverse", "text", "bytes", "format", "quote")) else 1


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | dict) else 1
