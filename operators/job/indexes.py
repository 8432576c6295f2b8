"""Completion indexes, and their text form "0-2,5" (pure)."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Indexes:
    """A set of numbers from 0 on, kept as closed intervals in order: a Job may have billions of them."""

    intervals: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        return sum(last - first + 1 for first, last in self.intervals)

    def __contains__(self, index: int) -> bool:
        at = bisect.bisect_right(self.intervals, index, key=lambda interval: interval[0]) - 1
        return at >= 0 and index <= self.intervals[at][1]

    def __str__(self) -> str:
        """As in `status.completedIndexes`: two neighbours are "3,4", more are "3-5"."""
        return ",".join(_text(first, last) for first, last in self.intervals)

    def union(self, numbers: Iterable[int]) -> Indexes:
        return _joined([*self.intervals, *((number, number) for number in numbers)])

    def merged(self, other: Indexes) -> Indexes:
        return _joined([*self.intervals, *other.intervals])

    def common(self, other: Indexes) -> int:
        """How many are in both."""
        found, mine, theirs = 0, list(self.intervals), list(other.intervals)
        while mine and theirs:
            (first, last), (begin, end) = mine[0], theirs[0]
            found += max(0, min(last, end) - max(first, begin) + 1)
            (mine if last <= end else theirs).pop(0)
        return found

    def missing(self, below: int) -> Iterator[int]:
        """The numbers below `below` that are not in the set, smallest first."""
        start = 0
        for first, last in self.intervals:
            yield from range(start, min(first, below))
            start = last + 1
        yield from range(start, below)


def parse(text: str | None, below: int) -> Indexes:
    """The set that a text names, without what is not below `below`; what is no number is passed over."""
    found = []
    for part in (text or "").split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (not last or last.isdecimal()) and int(first) < below:
            found.append((int(first), min(int(last or first), below - 1)))
    return _joined(found)


def _joined(intervals: Iterable[tuple[int, int]]) -> Indexes:
    found: list[tuple[int, int]] = []
    for first, last in sorted(intervals):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        elif first <= last:
            found.append((first, last))
    return Indexes(tuple(found))


def _text(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"
