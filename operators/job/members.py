"""A Job's Pods: how they are made, and what is read off them (pure). See the Kubernetes page "Jobs"."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta

from operators._kube import conditions, meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators._workloads import template as templates

FINALIZER = "batch.kubernetes.io/job-tracking"
NAME = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
_VARIABLE = "JOB_COMPLETION_INDEX"
_LONGEST_PREFIX = 58
_OURS = "kubernetes.io/job-controller"


def is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def has_limit_per_index(job: Object) -> bool:
    return is_indexed(job) and job["spec"].get("backoffLimitPerIndex") is not None


def is_suspended(job: Object) -> bool:
    return bool(job["spec"].get("suspend"))


def is_finished(job: Object) -> bool:
    listed = conditions.of(job)
    return conditions.is_true(listed, "Complete") or conditions.is_true(listed, "Failed")


def is_anothers(job: Object) -> bool:
    """Whether `managedBy` names somebody else (KEP-4368)."""
    return bool((job["spec"].get("managedBy") or _OURS) != _OURS)


def waits_for_failure(job: Object) -> bool:
    """podReplacementPolicy Failed: a Pod on its way out is replaced only when it has ended (KEP-3939)."""
    return bool(job["spec"].get("podReplacementPolicy") == "Failed")


def completions(job: Object) -> int:
    return int(job["spec"].get("completions") or 0)


def is_tracked(pod: Object) -> bool:
    return meta.has_finalizer(pod, FINALIZER)


def has_ended(pod: Object) -> bool:
    return pods.phase(pod) in ("Succeeded", "Failed")


def has_failed(job: Object, pod: Object) -> bool:
    """Also a Pod on its way out, which may never get to say that it failed, unless the Job waits for that."""
    phase = pods.phase(pod)
    if phase == "Failed" or waits_for_failure(job):
        return phase == "Failed"
    return meta.is_deleting(pod) and phase != "Succeeded"


def index_of(pod: Object) -> int | None:
    text = meta.annotations_of(pod).get(INDEX, "")
    return int(text) if text.isascii() and text.isdecimal() else None


def valid_index(job: Object, pod: Object) -> int | None:
    """The Pod's index if it is one of the Job's."""
    index = index_of(pod)
    return index if index is not None and index < completions(job) else None


def failures_before(pod: Object) -> int:
    """How many Pods of its index failed before this one, as far as they count."""
    return _count(pod, FAILURES)


def all_failures_before(pod: Object) -> int:
    return _count(pod, FAILURES) + _count(pod, IGNORED)


def ignored_before(pod: Object) -> int:
    return _count(pod, IGNORED)


def ended_at(pod: Object) -> datetime:
    """When a Pod ended: its last container; or it stopped being ready; or it was asked to go."""
    ends = [
        ((container.get("state") or {}).get("terminated") or {}).get("finishedAt")
        for container in (pod.get("status") or {}).get("containerStatuses") or ()
    ]
    if ends and all(ends):
        return max(meta.parse_time(str(end)) for end in ends)
    ready = conditions.get(conditions.of(pod), "Ready")
    if ready is not None and ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return meta.parse_time(ready["lastTransitionTime"])
    if meta.is_deleting(pod):
        grace = timedelta(seconds=meta.metadata(pod).get("deletionGracePeriodSeconds") or 0)
        return meta.parse_time(pod["metadata"]["deletionTimestamp"]) - grace
    return meta.parse_time(pod["metadata"]["creationTimestamp"])


def body(job: Object, index: int | None = None, failures: tuple[int, int] | None = None) -> Object:
    """A new Pod. `failures`: of its index, those that count and the ignored ones; None where nobody counts."""
    made = copy.deepcopy(templates.pod(job))
    metadata = made["metadata"]
    finalizers = metadata.get("finalizers") or []
    metadata["finalizers"] = finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]
    if index is None:
        return made
    end = f"-{index}-"
    metadata["generateName"] = meta.name_of(job)[: _LONGEST_PREFIX - len(end)] + end
    metadata["labels"] = {**(metadata.get("labels") or {}), INDEX: str(index)}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), INDEX: str(index)}
    if failures is not None:
        metadata["annotations"][FAILURES] = str(failures[0])
        if failures[1]:
            metadata["annotations"][IGNORED] = str(failures[1])
    made["spec"]["hostname"] = f"{meta.name_of(job)}-{index}"
    for container in (*(made["spec"].get("initContainers") or ()), *made["spec"]["containers"]):
        _tell_index(container)
    return made


def _tell_index(container: Object) -> None:
    given = container.get("env") or []
    if all(variable.get("name") != _VARIABLE for variable in given):
        source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
        container["env"] = [*given, {"name": _VARIABLE, "valueFrom": source}]


def _count(pod: Object, annotation: str) -> int:
    text = meta.annotations_of(pod).get(annotation, "")
    return int(text) if text.isascii() and text.isdecimal() else 0


def released(pod: Object) -> Object:
    """The strategic merge patch that takes the finalizer from a Pod; its UID guards the successor of the same name."""
    return {"metadata": {"uid": meta.uid_of(pod), "$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
