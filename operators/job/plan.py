"""Job: which Pods one round creates and deletes (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from operators._kube import meta
from operators._kube.actions import Create, Delete, Note, Patch
from operators._kube.meta import Object
from operators._workloads import pods, ranking
from operators.job import backoff, members, policies
from operators.job.backoff import Record
from operators.job.facts import Facts

# More than this are not created or deleted in one round; the next one goes on.
BURST = 500
_CREATED = Note("SuccessfulCreate", "Created pod: {name}")
_NOT_CREATED = Note("FailedCreate", "Error creating: {error}")
_DELETED = Note("SuccessfulDelete", "Deleted pod: {name}")
_NOT_DELETED = Note("FailedDelete", "Error deleting: {error}")


@dataclass(slots=True)
class Step:
    """Either creates or deletes. `releases`: what of the deleted Pods is not to be counted as failed.
    `again`: seconds until the next look; None: when something changes."""

    releases: list[Patch] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    deletes: list[Delete] = field(default_factory=list)
    again: float | None = None


def end(facts: Facts) -> Step:
    """The Job is over: no Pod stays active."""
    return Step(deletes=[_delete(pod) for pod in facts.active])


def step(facts: Facts, record: Record, now: datetime) -> Step:
    """One round towards the number of Pods that shall be active."""
    job = facts.job
    if meta.is_deleting(job):
        return Step()
    if members.is_suspended(job):
        return _without(facts.active)
    active, wanted = len(facts.active), _wanted(facts)
    if surplus := _surplus(facts, max(0, active - wanted), now):
        return _without(surplus)
    lacking = wanted - active - (facts.terminating if members.waits_for_failure(job) else 0)
    if lacking <= 0:
        return Step()
    if not members.has_limit_per_index(job) and (wait := backoff.remaining(record, now)) > 0:
        return Step(again=wait)
    made = _indexed(facts, lacking, now) if members.is_indexed(job) else _plain(job, lacking)
    if lacking > BURST:
        made.again = 0.0
    return made


def _without(surplus: Sequence[Object]) -> Step:
    """Pods that are not wanted (any more): they are let go before they are deleted."""
    chosen = surplus[:BURST]
    releases = [
        Patch("v1", "pods", *meta.key_of(pod), members.released(pod), content_type="strategic")
        for pod in chosen
        if members.is_tracked(pod)
    ]
    again = 0.0 if len(surplus) > BURST else None
    return Step(releases=releases, deletes=[_delete(pod) for pod in chosen], again=again)


def _wanted(facts: Facts) -> int:
    spec = facts.job["spec"]
    parallelism = int(spec.get("parallelism", 1))
    if spec.get("completions") is None:
        # A work queue: after the first success the others are left to end.
        return len(facts.active) if facts.succeeded else parallelism
    return max(0, min(parallelism, int(spec["completions"]) - facts.succeeded))


def _surplus(facts: Facts, least: int, now: datetime) -> list[Object]:
    """Indexes that nobody wants, all but one of those that are there twice, and then as many as are too many."""
    chosen: list[Object] = []
    left: list[Object] = list(facts.active)
    if members.is_indexed(facts.job):
        chosen, left = _strange(facts, now)
    return chosen + ranking.ranked(left, (), now)[: max(0, least - len(chosen))]


def _strange(facts: Facts, now: datetime) -> tuple[list[Object], list[Object]]:
    by_index: dict[int | None, list[Object]] = {}
    for pod in facts.active:
        by_index.setdefault(members.valid_index(facts.job, pod), []).append(pod)
    surplus, left = by_index.pop(None, []), []
    for same in by_index.values():
        *worse, best = ranking.ranked(same, (), now)
        surplus += worse
        left.append(best)
    return surplus, left


def _plain(job: Object, lacking: int) -> Step:
    create = Create("v1", "pods", members.body(job), success=_CREATED, failure=_NOT_CREATED)
    return Step(creates=[create] * min(lacking, BURST))


def _indexed(facts: Facts, lacking: int, now: datetime) -> Step:
    job = facts.job
    taken = facts.done.union(_indexes(job, facts.active))
    if members.waits_for_failure(job):
        taken = taken.union(_indexes(job, (pod for pod in facts.owned if pods.is_terminating(pod))))
    if facts.failed_indexes is not None:
        taken = taken.merged(facts.failed_indexes)
    chosen: Sequence[int] = list(itertools.islice(taken.missing(members.completions(job)), min(lacking, BURST)))
    waits = {i: backoff.remaining_for(pod, now) for i in chosen if (pod := facts.last_failed.get(i)) is not None}
    due = [index for index in chosen if waits.get(index, 0.0) <= 0]
    later = [wait for wait in waits.values() if wait > 0]
    creates = [
        Create("v1", "pods", members.body(job, i, _failures(facts, i)), success=_CREATED, failure=_NOT_CREATED)
        for i in due
    ]
    return Step(creates=creates, again=min(later, default=None))


def _failures(facts: Facts, index: int) -> tuple[int, int] | None:
    """What a new Pod of the index says about those before it."""
    if facts.failed_indexes is None:
        return None
    last = facts.last_failed.get(index)
    if last is None:
        return 0, 0
    counted, ignored = members.failures_before(last), members.ignored_before(last)
    if policies.failure(facts.job, last).counts:
        return counted + 1, ignored
    return counted, ignored + 1


def _indexes(job: Object, owned: Iterable[Object]) -> Iterable[int]:
    return (index for pod in owned if (index := members.valid_index(job, pod)) is not None)


def _delete(pod: Object) -> Delete:
    where = ("v1", "pods", meta.namespace_of(pod), meta.name_of(pod))
    return Delete(*where, uid=meta.uid_of(pod), success=_DELETED, failure=_NOT_DELETED)
