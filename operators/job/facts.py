"""What a Job's Pods say, counted exactly once each (pure). See KEP-2307, "Job tracking without lingering Pods"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from operators._kube import meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators.job import indexes, members, policies
from operators.job.indexes import Indexes


@dataclass(frozen=True, slots=True)
class Facts:
    """`succeeded`, `failed`: with those that the status has not counted yet. `before`: indexes that the status has;
    `done`: with the new ones; `failed_indexes`: None without backoffLimitPerIndex; `last_failed`: by index that waits
    to be tried again, the Pod that failed last, which keeps the count of failures."""

    job: Object
    owned: Sequence[Object]
    active: Sequence[Object]
    terminating: int
    succeeded: int
    failed: int
    before: Indexes
    done: Indexes
    failed_indexes: Indexes | None
    last_failed: Mapping[int, Object]


def gather(job: Object, owned: Sequence[Object]) -> Facts:
    """Looks at all Pods of a Job."""
    status = job.get("status") or {}
    uncounted = status.get("uncountedTerminatedPods") or {}
    active = [pod for pod in owned if pods.is_active(pod)]
    known_succeeded, known_failed = uncounted.get("succeeded") or (), uncounted.get("failed") or ()
    new_failed = _new(job, owned, known_failed, lambda pod: members.has_failed(job, pod))
    failed = int(status.get("failed") or 0) + len(known_failed)
    failed += sum(1 for pod in new_failed if policies.failure(job, pod).counts)
    terminating = sum(1 for pod in owned if pods.is_terminating(pod))
    if not members.is_indexed(job):
        succeeded = int(status.get("succeeded") or 0) + len(known_succeeded)
        succeeded += len(_new(job, owned, known_succeeded, lambda pod: pods.phase(pod) == "Succeeded"))
        return Facts(job, owned, active, terminating, succeeded, failed, Indexes(), Indexes(), None, {})
    before = indexes.parse(status.get("completedIndexes"), members.completions(job))
    new = _new(job, owned, (), lambda pod: pods.phase(pod) == "Succeeded")
    done = before.union(index for pod in new if (index := members.index_of(pod)) is not None)
    if not members.has_limit_per_index(job):
        return Facts(job, owned, active, terminating, done.total, failed, before, done, None, {})
    lost = _failed_indexes(job, owned)
    last = _last_failed(job, owned, active, done, lost)
    return Facts(job, owned, active, terminating, done.total, failed, before, done, lost, last)


def _new(job: Object, owned: Sequence[Object], known: Sequence[str], chosen: Callable[[Object], bool]) -> list[Object]:
    """Tracked Pods that the status knows nothing of. One without the finalizer has been counted."""
    indexed = members.is_indexed(job)
    return [
        pod
        for pod in owned
        if members.is_tracked(pod)
        and meta.uid_of(pod) not in known
        and not (indexed and members.valid_index(job, pod) is None)
        and chosen(pod)
    ]


def _failed_indexes(job: Object, owned: Sequence[Object]) -> Indexes:
    before = indexes.parse((job.get("status") or {}).get("failedIndexes"), members.completions(job))
    limit = int(job["spec"]["backoffLimitPerIndex"])
    new = []
    for pod in _new(job, owned, (), lambda pod: members.has_failed(job, pod)):
        verdict = policies.failure(job, pod)
        index = members.index_of(pod)
        is_lost = verdict.action == "FailIndex" or (verdict.counts and members.failures_before(pod) >= limit)
        if index is not None and is_lost:
            new.append(index)
    return before.union(new)


def _last_failed(
    job: Object, owned: Sequence[Object], active: Sequence[Object], done: Indexes, lost: Indexes
) -> dict[int, Object]:
    running = {members.index_of(pod) for pod in active}
    found: dict[int, Object] = {}
    for pod in _new(job, owned, (), lambda pod: members.has_failed(job, pod)):
        index = members.index_of(pod)
        if index is None or index in done or index in lost or index in running:
            continue
        known = found.get(index)
        if known is None or members.all_failures_before(pod) > members.all_failures_before(known):
            found[index] = pod
    return found
