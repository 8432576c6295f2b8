"""CEL's accessors of timestamps and durations."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, Final

from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.values import NANOS, Duration, EvalError, Timestamp

TABLE: Final = Table()
_OFFSET: Final = re.compile(r"([+-]?)(\d{1,2}):(\d{2})", re.ASCII)


def _zone(name: str) -> datetime.tzinfo:
    if name in ("", "UTC"):
        return datetime.UTC
    found = _OFFSET.fullmatch(name)
    if found:
        minutes = int(found[2]) * 60 + int(found[3])
        return datetime.timezone(datetime.timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise EvalError(f"unknown time zone {name}") from None


def _part(of: Callable[[datetime.datetime], int]) -> Callable[..., int]:
    return lambda time, zone="": of(time.moment().astimezone(_zone(zone)))


def _millis(time: Timestamp, zone: str = "") -> int:
    _zone(zone)
    return time.nanos % NANOS // 1_000_000


def _truncated(nanos: int, unit: int) -> int:
    return nanos // unit if nanos >= 0 else -(-nanos // unit)


def _declare() -> None:
    parts: dict[str, Callable[..., Any]] = {
        "getFullYear": _part(lambda t: t.year),
        "getMonth": _part(lambda t: t.month - 1),
        "getDayOfYear": _part(lambda t: t.timetuple().tm_yday - 1),
        "getDayOfMonth": _part(lambda t: t.day - 1),
        "getDate": _part(lambda t: t.day),
        "getDayOfWeek": _part(lambda t: (t.weekday() + 1) % 7),
        "getHours": _part(lambda t: t.hour),
        "getMinutes": _part(lambda t: t.minute),
        "getSeconds": _part(lambda t: t.second),
        "getMilliseconds": _millis,
    }
    for name, run in parts.items():
        TABLE.method(name, "timestamp -> int", run, "scalar")
        TABLE.method(name, "timestamp; string -> int", run, "scalar")
    units = {"getHours": 3600 * NANOS, "getMinutes": 60 * NANOS, "getSeconds": NANOS}
    for name, unit in units.items():
        TABLE.method(name, "duration -> int", lambda d, unit=unit: _truncated(d.nanos, unit), "scalar")
    TABLE.method("getMilliseconds", "duration -> int", _duration_millis, "scalar")


def _duration_millis(duration: Duration) -> int:
    return _truncated(duration.nanos, 1_000_000)


_declare()
