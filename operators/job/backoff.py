"""How long a Job waits before it replaces Pods that failed (pure): 10 s, doubling up to 10 minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from operators._kube import meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators.job import members

FIRST, LONGEST = 10.0, 600.0
_COUNTED = 16  # more failures wait no longer


@dataclass(frozen=True, slots=True)
class Record:
    """`success`: when a Pod last succeeded; `failures`: by UID, when Pods failed after that, the last ones."""

    success: datetime | None = None
    failures: dict[str, datetime] = field(default_factory=dict)


def merge(record: Record, job: Object, owned: Iterable[Object]) -> Record:
    """The record with what is seen now. Pods that are gone stay counted."""
    success, failures = record.success, dict(record.failures)
    for pod in owned:
        if pods.phase(pod) == "Succeeded":
            end = members.ended_at(pod)
            success = end if success is None else max(success, end)
        elif members.has_failed(job, pod):
            failures.setdefault(meta.uid_of(pod), members.ended_at(pod))
    later = [(end, uid) for uid, end in failures.items() if success is None or end > success]
    return Record(success, {uid: end for end, uid in sorted(later)[-_COUNTED:]})


def remaining(record: Record, now: datetime) -> float:
    """Seconds until Pods may be made again; 0: at once."""
    if not record.failures:
        return 0.0
    return _left(len(record.failures), max(record.failures.values()), now)


def remaining_for(pod: Object, now: datetime) -> float:
    """The same for one index, whose last failed Pod this is."""
    return _left(members.all_failures_before(pod) + 1, members.ended_at(pod), now)


def _left(failures: int, last: datetime, now: datetime) -> float:
    wait = min(FIRST * float(2 ** min(failures - 1, 20)), LONGEST)
    return max(0.0, wait - (now - last).total_seconds())
