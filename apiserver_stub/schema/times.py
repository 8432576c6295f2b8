"""metav1.Time and MicroTime: RFC 3339 in, UTC out, errors in the words of Go's time package."""

from __future__ import annotations

import datetime
import re
from typing import Final

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))\Z", re.ASCII
)
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
# What is expected next, in order, and how Go's messages call it.
_ELEMENTS: Final = (
    (re.compile(r"\d{4}", re.ASCII), "2006"),
    (re.compile(r"-"), "-"),
    (re.compile(r"\d\d", re.ASCII), "01"),
    (re.compile(r"-"), "-"),
    (re.compile(r"\d\d", re.ASCII), "02"),
    (re.compile(r"T"), "T"),
    (re.compile(r"\d\d?", re.ASCII), "15"),
    (re.compile(r":"), ":"),
    (re.compile(r"\d\d", re.ASCII), "04"),
    (re.compile(r":"), ":"),
    (re.compile(r"\d\d(?:[.,]\d+)?", re.ASCII), "05"),
    (re.compile(r"Z|[+-]\d\d:\d\d", re.ASCII), "Z07:00"),
)


class TimeError(ValueError):
    """Not a time; the text is the API's message."""


def canonical(text: str, *, micro: bool) -> str:
    """The spelling in which the API returns a time: UTC, whole seconds or six digits of them."""
    found = _RFC3339.match(text)
    if not found:
        raise TimeError(_syntax_error(text))
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    _check_ranges(text, month, hour, minute, second)
    fraction = (found[7] or "").ljust(6, "0")[:6]
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, int(fraction))
        if found[8]:
            offset = datetime.timedelta(hours=int(found[9]), minutes=int(found[10]))
            moment = moment - offset if found[8] == "+" else moment + offset
    except (ValueError, OverflowError):
        raise TimeError(f'parsing time "{text}": day out of range') from None
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{moment.microsecond:06d}Z" if micro else "Z")


def _check_ranges(text: str, month: int, hour: int, minute: int, second: int) -> None:
    limits = (("month", month, 1, 12), ("hour", hour, 0, 23), ("minute", minute, 0, 59), ("second", second, 0, 59))
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise TimeError(f'parsing time "{text}": {name} out of range')


def _syntax_error(text: str) -> str:
    rest = text
    for pattern, element in _ELEMENTS:
        found = pattern.match(rest)
        if not found:
            return f'parsing time "{text}" as "{_LAYOUT}": cannot parse "{rest}" as "{element}"'
        rest = rest[found.end() :]
    return f'parsing time "{text}": extra text: "{rest}"'
