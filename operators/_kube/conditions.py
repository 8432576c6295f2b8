"""Lists of status conditions (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from operators._kube import meta
from operators._kube.meta import Object


def of(obj: Mapping[str, Any]) -> list[Object]:
    """`status.conditions` of an object; [] where there are none."""
    return (obj.get("status") or {}).get("conditions") or []


def get(conditions: Iterable[Object], type_: str) -> Object | None:
    return next((condition for condition in conditions if condition.get("type") == type_), None)


def is_true(conditions: Iterable[Object], type_: str) -> bool:
    condition = get(conditions, type_)
    return condition is not None and condition.get("status") == "True"


def make(type_: str, status: bool | None, reason: str | None = None, message: str | None = None) -> Object:
    """A condition without times. `status` None is "Unknown"."""
    text = "Unknown" if status is None else str(status)
    condition = {"type": type_, "status": text, "reason": reason, "message": message}
    return {name: value for name, value in condition.items() if value is not None}


def put(conditions: Sequence[Object], new: Object, now: datetime, *, update_time: bool = False) -> list[Object]:
    """The list with `new` in it, in its old place or at the end.

    `lastTransitionTime` moves only with the status (see "Typical status properties" in the API conventions).
    An unchanged condition is kept as it is, so that writing the status again changes nothing.
    `update_time`: also keep `lastUpdateTime`, which moves with any change (Deployments).
    """
    old = get(conditions, new["type"])
    if old is not None and all(old.get(name) == new.get(name) for name in ("status", "reason", "message")):
        return list(conditions)
    stamp = meta.format_time(now)
    same_status = old is not None and old.get("status") == new["status"]
    entry = {**new, "lastTransitionTime": stamp}
    if old is not None and same_status:
        entry["lastTransitionTime"] = old.get("lastTransitionTime", stamp)
    if update_time:
        entry["lastUpdateTime"] = stamp
    if old is None:
        return [*conditions, entry]
    return [entry if condition is old else condition for condition in conditions]


def drop(conditions: Iterable[Object], type_: str) -> list[Object]:
    return [condition for condition in conditions if condition.get("type") != type_]
