"""What a controller asks about a Pod: does it count, is it ready, since when, is it available?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from operators._kube import conditions, meta

_FINISHED = ("Succeeded", "Failed")


def slim(obj: dict[str, Any]) -> dict[str, Any]:
    """What the cache may keep of a Pod: what this module and `ranking` look at. Other kinds stay whole."""
    if obj.get("kind") != "Pod":
        return obj
    spec = obj["spec"]
    sidecars = [{"name": c["name"], "restartPolicy": c.get("restartPolicy")} for c in spec.get("initContainers") or ()]
    return {**obj, "spec": {"nodeName": spec.get("nodeName"), "initContainers": sidecars}}


def is_active(pod: dict[str, Any]) -> bool:
    """True for a Pod that counts: neither finished nor being deleted."""
    return phase(pod) not in _FINISHED and not meta.is_deleting(pod)


def is_terminating(pod: dict[str, Any]) -> bool:
    """True for a Pod that is on its way out, but may still use resources."""
    return phase(pod) not in _FINISHED and meta.is_deleting(pod)


def phase(pod: dict[str, Any]) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_ready(pod: dict[str, Any]) -> bool:
    return conditions.is_true(conditions.of(pod), "Ready")


def ready_since(pod: dict[str, Any]) -> datetime | None:
    """When a ready Pod became ready; None if it is not, or does not say."""
    ready = conditions.get(conditions.of(pod), "Ready")
    if ready is None or ready.get("status") != "True" or not ready.get("lastTransitionTime"):
        return None
    return meta.parse_time(ready["lastTransitionTime"])


def is_available(pod: dict[str, Any], min_ready_seconds: int, now: datetime) -> bool:
    """True for a Pod that has been ready for `min_ready_seconds` without a break."""
    if not is_ready(pod):
        return False
    if min_ready_seconds == 0:
        return True
    since = ready_since(pod)
    return since is not None and since + timedelta(seconds=min_ready_seconds) <= now


def seconds_to_available(pod: dict[str, Any], min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until a ready Pod counts as available; None for one that already does, or is not ready."""
    since = ready_since(pod)
    if since is None or is_available(pod, min_ready_seconds, now):
        return None
    return (since + timedelta(seconds=min_ready_seconds) - now).total_seconds()
