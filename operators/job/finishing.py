"""When a Job is over, and why (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from operators._kube import conditions, meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators.job import members, policies
from operators.job.facts import Facts


class Finish(NamedTuple):
    """`interim`: the condition that says so while the last Pods are cleared up; the final one is Complete or Failed."""

    interim: str
    reason: str
    message: str

    @property
    def is_success(self) -> bool:
        return self.interim == "SuccessCriteriaMet"

    @property
    def final(self) -> str:
        return "Complete" if self.is_success else "Failed"


def decide(facts: Facts, now: datetime) -> Finish | None:
    """Why the Job is over, as far as that does not hang on Pods that are still active; None: it goes on."""
    job = facts.job
    for interim in ("SuccessCriteriaMet", "FailureTarget"):
        known = conditions.get(conditions.of(job), interim)
        if known is not None and known["status"] == "True":
            return Finish(interim, known.get("reason") or "", known.get("message") or "")
    if message := _forbidden(facts):
        return _failure("PodFailurePolicy", message)
    if facts.failed > job["spec"].get("backoffLimit", 6) or _restarted_too_often(job, facts.owned):
        return _failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    left = deadline(job, now)
    if left is not None and left <= 0:
        return _failure("DeadlineExceeded", "Job was active longer than specified deadline")
    if not members.is_indexed(job):
        return None
    return _by_index(facts)


def completion(facts: Facts) -> Finish | None:
    """Enough Pods have succeeded and none is active any more."""
    wanted = facts.job["spec"].get("completions")
    is_enough = facts.succeeded > 0 if wanted is None else facts.succeeded >= wanted
    if not is_enough or facts.active:
        return None
    return Finish("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")


def deadline(job: Object, now: datetime) -> float | None:
    """Seconds until activeDeadlineSeconds have passed since the Job was started or resumed; None: there is none."""
    seconds, start = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
    if seconds is None or start is None or members.is_suspended(job):
        return None
    return float(seconds) - (now - meta.parse_time(start)).total_seconds()


def _forbidden(facts: Facts) -> str:
    if not facts.job["spec"].get("podFailurePolicy"):
        return ""
    failed = (pod for pod in facts.owned if members.has_failed(facts.job, pod))
    return next((verdict.message for pod in failed if (verdict := policies.failure(facts.job, pod)).message), "")


def _restarted_too_often(job: Object, owned: Sequence[Object]) -> bool:
    """Containers that are restarted in place count too."""
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = 0
    for pod in owned:
        if pods.phase(pod) in ("Running", "Pending"):
            status = pod.get("status") or {}
            every = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
            restarts += sum(container.get("restartCount", 0) for container in every)
    limit = int(job["spec"].get("backoffLimit", 6))
    return restarts > 0 if limit == 0 else restarts >= limit


def _by_index(facts: Facts) -> Finish | None:
    spec = facts.job["spec"]
    if facts.failed_indexes is not None:
        lost = facts.failed_indexes.total
        if spec.get("maxFailedIndexes") is not None and lost > spec["maxFailedIndexes"]:
            text = "Job has exceeded the specified maximal number of failed indexes"
            return _failure("MaxFailedIndexesExceeded", text)
        if lost and lost + facts.done.total >= members.completions(facts.job):
            return _failure("FailedIndexes", "Job has failed indexes")
    message = policies.success(facts.job, facts.done)
    return Finish("SuccessCriteriaMet", "SuccessPolicy", message) if message is not None else None


def _failure(reason: str, message: str) -> Finish:
    return Finish("FailureTarget", reason, message)
