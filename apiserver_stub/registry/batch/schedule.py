"""Cron schedules in the standard five-field form, with the messages of the parser that Kubernetes uses."""

from __future__ import annotations

import re
from typing import Final

_MACROS: Final = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_NAMES: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = {name: i for i, name in enumerate(_MONTH_NAMES, 1)}
_DAYS: Final = {name: i for i, name in enumerate(_DAY_NAMES)}
# Low, high and names of each field.
_FIELDS: Final[tuple[tuple[int, int, dict[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_DURATION: Final = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")


class _Fault(Exception):
    pass


def fault(text: str) -> str | None:
    """What is wrong with a schedule; None if nothing is."""
    if "TZ" in text:
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    if text.startswith("@"):
        return _macro_fault(text)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    try:
        for expression, (low, high, names) in zip(fields, _FIELDS, strict=True):
            for part in expression.split(","):
                if part:
                    _check_range(part, low, high, names)
    except _Fault as problem:
        return str(problem)
    return None


def _macro_fault(text: str) -> str | None:
    if text in _MACROS:
        return None
    if text.startswith("@every "):
        duration = text.removeprefix("@every ")
        if re.fullmatch(f"[+-]?({_DURATION.pattern})+|0", duration):
            return None
        return f'failed to parse duration {text}: time: invalid duration "{duration}"'
    return f"unrecognized descriptor: {text}"


def _check_range(expression: str, low: int, high: int, names: dict[str, int]) -> None:
    steps = expression.split("/")
    bounds = steps[0].split("-")
    single = len(bounds) == 1
    if bounds[0] in ("*", "?"):
        start, end = low, high
    else:
        start = _number(bounds[0], names)
        if len(bounds) > 2:
            raise _Fault(f"too many hyphens: {expression}")
        end = start if single else _number(bounds[1], names)
    step = 1
    if len(steps) == 2:
        step = _plain(steps[1])
        if single and bounds[0] not in ("*", "?"):
            end = high
    elif len(steps) > 2:
        raise _Fault(f"too many slashes: {expression}")
    if start < low:
        raise _Fault(f"beginning of range ({start}) below minimum ({low}): {expression}")
    if end > high:
        raise _Fault(f"end of range ({end}) above maximum ({high}): {expression}")
    if start > end:
        raise _Fault(f"beginning of range ({start}) beyond end of range ({end}): {expression}")
    if step == 0:
        raise _Fault(f"step of range should be a positive number: {expression}")


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.lower()] if text.lower() in names else _plain(text)


def _plain(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII):
        number = int(text)
        if number < 0:
            raise _Fault(f"negative number ({number}) not allowed: {text}")
        return number
    raise _Fault(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
