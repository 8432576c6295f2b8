"""Job: what `status` says, and which Pods it has counted (pure).

A Pod that ended is noted by its UID in `uncountedTerminatedPods` first, then loses its finalizer, then becomes part
of the number: whenever this is broken off, nothing is counted twice or lost. See KEP-2307.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from operators._kube import conditions, meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators.job import members, policies
from operators.job.facts import Facts
from operators.job.finishing import Finish

# More than this are not noted at once: a status has to stay small.
MOST_UNCOUNTED = 500


def begin(job: Object, now: datetime) -> Object:
    """The status with the time when the Job was first started."""
    status = dict(job.get("status") or {})
    if not members.is_suspended(job) and not status.get("startTime"):
        status["startTime"] = meta.format_time(now)
    return status


def note(facts: Facts, status: Object, finish: Finish | None, now: datetime) -> tuple[Object, list[Object], list[str]]:
    """The status with every Pod that ended noted in it; the Pods that may lose their finalizer; reasons of Events.

    `facts`: after acting.
    """
    job = facts.job
    status = {**status, **_counts(facts)}
    events = _suspension(job, status, finish, now)
    held = {meta.uid_of(pod) for pod in facts.owned if members.is_tracked(pod)}
    uncounted = _without_counted(status, held)
    release, new_indexes = _noted(facts, uncounted, finish)
    _put_counts(status, uncounted)
    if members.is_indexed(job):
        done = facts.before.union(new_indexes)
        _put(status, "succeeded", done.total)
        _put(status, "completedIndexes", str(done))
        if facts.failed_indexes is not None:
            status["failedIndexes"] = str(facts.failed_indexes)
    if finish is not None:
        status.setdefault("startTime", meta.format_time(now))
        put(status, finish.interim, True, finish.reason, finish.message, now)
    return status, release, events


def settle(job: Object, owned: Collection[Object], finish: Finish | None, now: datetime) -> Object:
    """The status after finalizers have been removed: what was noted is counted; then the Job may be finished."""
    status = dict(job.get("status") or {})
    active = [pod for pod in owned if pods.is_active(pod)]
    terminating = sum(1 for pod in owned if pods.is_terminating(pod))
    status |= _numbers(active, terminating)
    _put(status, "active", len(active))
    uncounted = _without_counted(status, {meta.uid_of(pod) for pod in owned if members.is_tracked(pod)})
    _put_counts(status, uncounted)
    is_clear = not any(uncounted.values()) and not active and not terminating
    if finish is not None and is_clear and not any(members.is_tracked(pod) for pod in owned):
        put(status, finish.final, True, finish.reason, finish.message, now)
        if finish.is_success:
            status["completionTime"] = meta.format_time(now)
    return status


def put(status: Object, type_: str, is_true: bool, reason: str, message: str, now: datetime) -> bool:
    """Puts a condition into the status; False when it says so already, or is false and was never there."""
    listed = status.get("conditions") or []
    old = conditions.get(listed, type_)
    new = conditions.make(type_, is_true, reason, message)
    if old is None and not is_true:
        return False
    if old is not None and all(old.get(name) == new.get(name) for name in ("status", "reason", "message")):
        return False
    stamp = meta.format_time(now)
    new |= {"lastProbeTime": stamp, "lastTransitionTime": stamp}
    others = [new if condition is old else condition for condition in listed]
    status["conditions"] = others if old is not None else [*listed, new]
    return True


def _counts(facts: Facts) -> Object:
    return _numbers(facts.active, facts.terminating)


def _numbers(active: Sequence[Object], terminating: int) -> Object:
    ready = sum(1 for pod in active if pods.is_ready(pod))
    return {"active": len(active), "terminating": terminating, "ready": ready}


def _suspension(job: Object, status: Object, finish: Finish | None, now: datetime) -> list[str]:
    """The condition Suspended, and the reason of the Event that tells of a change."""
    if not status["active"]:
        del status["active"]
    if finish is not None or meta.is_deleting(job):
        return []
    if members.is_suspended(job):
        if put(status, "Suspended", True, "JobSuspended", "Job suspended", now):
            status.pop("startTime", None)
            return ["Suspended"]
    elif put(status, "Suspended", False, "JobResumed", "Job resumed", now):
        # activeDeadlineSeconds are counted from here on.
        status["startTime"] = meta.format_time(now)
        return ["Resumed"]
    return []


def _without_counted(status: Object, held: set[str]) -> dict[str, list[str]]:
    """The noted UIDs that still have the finalizer; the others become part of the numbers."""
    noted = status.get("uncountedTerminatedPods") or {}
    left: dict[str, list[str]] = {}
    for name in ("succeeded", "failed"):
        uids = noted.get(name) or []
        left[name] = [uid for uid in uids if uid in held]
        _put(status, name, int(status.get(name) or 0) + len(uids) - len(left[name]))
    return left


def _noted(facts: Facts, uncounted: dict[str, list[str]], finish: Finish | None) -> tuple[list[Object], list[int]]:
    job, release, done = facts.job, list[Object](), list[int]()
    indexed = members.is_indexed(job)
    for pod in sorted(facts.owned, key=lambda pod: members.index_of(pod) or 0) if indexed else facts.owned:
        if not members.is_tracked(pod) or not _may_release(facts, pod, finish):
            continue
        release.append(pod)
        uid = meta.uid_of(pod)
        if pods.phase(pod) == "Succeeded" and uid not in uncounted["failed"]:
            index = members.valid_index(job, pod)
            if not indexed and uid not in uncounted["succeeded"]:
                uncounted["succeeded"].append(uid)
            elif index is not None and index not in facts.before:
                done.append(index)
        elif members.has_failed(job, pod) or (finish is not None and not finish.is_success):
            # Where the Job has failed, Pods that have not ended count as failed.
            is_ours = not indexed or members.valid_index(job, pod) is not None
            if is_ours and uid not in uncounted["failed"] and policies.failure(job, pod).counts:
                uncounted["failed"].append(uid)
        if len(done) + sum(map(len, uncounted.values())) >= MOST_UNCOUNTED:
            break
    return release, done


def _may_release(facts: Facts, pod: Object, finish: Finish | None) -> bool:
    job = facts.job
    if meta.is_deleting(job) or finish is not None or pods.phase(pod) == "Succeeded":
        return True
    if not members.has_failed(job, pod):
        return False
    # The last failed Pod of an index that is tried again keeps the count of failures until its successor has it.
    last = facts.last_failed.get(members.index_of(pod) or 0) if facts.failed_indexes is not None else None
    return last is None or meta.uid_of(last) != meta.uid_of(pod)


def _put_counts(status: Object, uncounted: dict[str, list[str]]) -> None:
    status["uncountedTerminatedPods"] = {name: uids for name, uids in uncounted.items() if uids}


def _put(status: Object, name: str, value: int | str) -> None:
    """Zero and "" are left out, as the API does."""
    if value:
        status[name] = value
    else:
        status.pop(name, None)
