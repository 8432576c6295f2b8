"""The text of a schedule: five fields, or a word with @ (pure).

See the Kubernetes page "CronJob", "Schedule syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: i for i, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: i for i, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")


@dataclass(frozen=True, slots=True)
class Fields:
    """Numbers that each field names. `any_day`, `any_weekday`: the field is a star, which leaves it to the other."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool


def parse(text: str) -> Fields | timedelta:
    """The fields, or the interval of "@every". Raises ValueError."""
    if text.startswith("@every "):
        return timedelta(seconds=max(1, int(_seconds(text.removeprefix("@every ")))))
    if text.startswith("@") and text not in _MACROS:
        raise ValueError(f"unrecognized descriptor: {text}")
    given = _MACROS.get(text, text).split()
    if len(given) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(given)}: [{' '.join(given)}]")
    minutes, _ = _numbers(given[0], 0, 59, {})
    hours, _ = _numbers(given[1], 0, 23, {})
    days, any_day = _numbers(given[2], 1, 31, {})
    months, _ = _numbers(given[3], 1, 12, _MONTHS)
    weekdays, any_weekday = _numbers(given[4], 0, 6, _DAYS)
    return Fields(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(weekdays),
        any_day,
        any_weekday,
    )


def _numbers(text: str, low: int, high: int, names: Mapping[str, int]) -> tuple[set[int], bool]:
    """The numbers of a field, and whether a star without a step is in it."""
    found: set[int] = set()
    has_star = False
    for part in filter(None, text.split(",")):
        bounds, _, step = part.partition("/")
        every = _number(step, {}) if step else 1
        first, dash, last = bounds.partition("-")
        if first in ("*", "?"):
            start, stop = low, high
            has_star |= every == 1
        else:
            start = _number(first, names)
            stop = _number(last, names) if dash else high if step else start
        if not low <= start <= stop <= high or every < 1:
            raise ValueError(f"not between {low} and {high}: {part}")
        found.update(range(start, stop + 1, every))
    if not found:
        raise ValueError(f"empty field: {text}")
    return found, has_star


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"failed to parse int from {text}")
    return int(text)


def _seconds(text: str) -> float:
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    parts = _PART.findall(rest)
    if "".join(number + unit for number, unit in parts) != rest or (not parts and rest != "0"):
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)
