"""ttlSecondsAfterFinished: how long a Job still stays (pure).

See the Kubernetes page "Automatic cleanup for finished Jobs".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from operators._kube import conditions, meta


def seconds_left(job: dict[str, Any], now: datetime) -> float | None:
    """Seconds until the Job is to be deleted, 0 or less: now; None: it stays."""
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    if ttl is None or meta.is_deleting(job):
        return None
    for type_ in ("Complete", "Failed"):
        condition = conditions.get(conditions.of(job), type_)
        if condition is not None and condition["status"] == "True" and condition.get("lastTransitionTime"):
            end = meta.parse_time(condition["lastTransitionTime"]) + timedelta(seconds=ttl)
            return (end - now).total_seconds()
    return None
