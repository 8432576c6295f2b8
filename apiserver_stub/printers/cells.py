"""What cells of many kinds share: ages, selectors, containers, shortened lists."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final

JSON = Mapping[str, Any]

NONE: Final = "<none>"
UNSET: Final = "<unset>"
UNKNOWN: Final = "<unknown>"
# So many endpoints or hosts are listed before "+ 2 more...".
_SHOWN: Final = 3

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def part(obj: JSON, *path: str) -> Any:
    """The value at a path; an empty mapping where it ends early."""
    for name in path:
        value = obj.get(name)
        if value is None:
            return {}
        obj = value
    return obj


def number(obj: JSON, *path: str, default: int = 0) -> Any:
    *parents, name = path
    value = part(obj, *parents).get(name)
    return default if value is None else value


def text(obj: JSON, *path: str, default: str = "") -> str:
    *parents, name = path
    return str(part(obj, *parents).get(name) or default)


@functools.lru_cache(maxsize=256)
def parse_time(stamp: str) -> dt.datetime | None:
    """A metav1.Time or MicroTime; None for what is no time."""
    try:
        parsed = dt.datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


def since(stamp: str | None, now: dt.datetime) -> str:
    """How long ago, as kubectl shows ages; <unknown> without a time."""
    time = parse_time(stamp) if stamp else None
    return UNKNOWN if time is None else human_duration((now - time).total_seconds())


def age(obj: JSON, now: dt.datetime) -> str:
    return since(part(obj, "metadata").get("creationTimestamp"), now)


def human_duration(seconds: float) -> str:
    """A duration in one or two units, coarser the longer it is: 95s, 3m20s, 5h, 2d3h, 3y."""
    total = int(seconds)
    if total < 0:
        return "<invalid>" if total < -1 else "0s"
    if total < 2 * _MINUTE:
        return f"{total}s"
    if total < 10 * _MINUTE:
        return _two(total, _MINUTE, "m", 1, "s")
    if total < 3 * _HOUR:
        return f"{total // _MINUTE}m"
    if total < 8 * _HOUR:
        return _two(total, _HOUR, "h", _MINUTE, "m")
    if total < 2 * _DAY:
        return f"{total // _HOUR}h"
    if total < 8 * _DAY:
        return _two(total, _DAY, "d", _HOUR, "h")
    if total < 2 * _YEAR:
        return f"{total // _DAY}d"
    if total < 8 * _YEAR:
        return _two(total, _YEAR, "y", _DAY, "d")
    return f"{total // _YEAR}y"


def _two(total: int, big: int, big_unit: str, small: int, small_unit: str) -> str:
    rest = total % big // small
    return f"{total // big}{big_unit}{rest}{small_unit}" if rest else f"{total // big}{big_unit}"


def labels(found: Mapping[str, str] | None) -> str:
    """a=b,c=d by key; <none> when empty."""
    return ",".join(f"{key}={found[key]}" for key in sorted(found)) if found else NONE


def selector(found: JSON | None) -> str:
    """A LabelSelector as kubectl takes it: a=b,c in (d,e),!f; <none> when empty."""
    found = found or {}
    terms = [(key, f"{key}={value}") for key, value in (found.get("matchLabels") or {}).items()]
    terms += [(str(term.get("key")), _expression(term)) for term in found.get("matchExpressions") or ()]
    return ",".join(shown for _, shown in sorted(terms)) or NONE


def _expression(term: JSON) -> str:
    key, operator = term.get("key"), term.get("operator")
    if operator == "Exists":
        return f"{key}"
    if operator == "DoesNotExist":
        return f"!{key}"
    values = ",".join(sorted(term.get("values") or ()))
    return f"{key} {'in' if operator == 'In' else 'notin'} ({values})"


def containers(pod_spec: JSON) -> tuple[str, str]:
    """Names and images of a template's containers."""
    found = pod_spec.get("containers") or []
    return ",".join(text(c, "name") for c in found), ",".join(text(c, "image") for c in found)


def template_cells(spec: JSON) -> tuple[str, str]:
    return containers(part(spec, "template", "spec"))


def shortened(items: Iterable[str], separator: str = ",", limit: int = _SHOWN) -> str:
    """The first few, then how many more there are."""
    listed = list(items)
    shown = separator.join(listed[:limit])
    return f"{shown} + {len(listed) - limit} more..." if len(listed) > limit else shown


def condition(obj: JSON, kind: str) -> JSON | None:
    """The status condition of that type."""
    return next((c for c in part(obj, "status").get("conditions") or () if c.get("type") == kind), None)


def is_true(obj: JSON, kind: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found.get("status") == "True"


def is_deleting(obj: JSON) -> bool:
    return bool(part(obj, "metadata").get("deletionTimestamp"))


def load_balancer(obj: JSON) -> str:
    """Addresses that a load balancer reported, sorted."""
    ingress = part(obj, "status", "loadBalancer").get("ingress") or ()
    return ",".join(sorted({i.get("ip") or i.get("hostname") for i in ingress if i.get("ip") or i.get("hostname")}))
