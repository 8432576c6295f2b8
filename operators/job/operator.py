"""Job: run Pods until enough of them have succeeded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime

from operators._kube import claims, meta
from operators._kube.actions import Patch
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._workloads import pods
from operators.job import SLEEP, backoff, facts, finishing, members, plan, status
from operators.job.backoff import Record
from operators.job.finishing import Finish
from operators.job.plan import Step

controller = Controller("job", user=SLEEP.user, keep=pods.slim)

_API, _PODS = ("batch/v1", "jobs"), ("v1", "pods")
_MESSAGES = {"Suspended": "Job suspended", "Resumed": "Job resumed"}
# By UID of the Job: the failures that set the delay before the next Pods. May be forgotten: it is gathered anew.
_records: dict[str, Record] = {}


def claimants(pod: Object, kube: Kube, /) -> Iterable[Key]:
    """The Jobs that may adopt a Pod without a controller; for a tracked one also that which it came from."""
    yield from claims.claimants(pod, kube, *_API, claims.label_selector)
    if meta.controller_of(pod) is None and members.is_tracked(pod):
        yield Key(meta.namespace_of(pod), meta.labels_of(pod).get(members.NAME) or meta.name_of(pod))


@controller.reconcile(*_API, owns=["v1/pods"], watches=[Watch("v1/pods", keys=claimants)])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: claim, create or delete, then count; the status is written also where acting failed."""
    job = kube.get_or_none(*_API, key)
    if job is not None and members.is_anothers(job):
        return DONE
    if job is None or members.is_finished(job):
        _forget(kube)
        await _release_strays(key.namespace, kube)
        return DONE
    await _claim(job, kube)
    await _release_strays(key.namespace, kube)
    owned = kube.controlled_by(job, *_PODS)
    found = facts.gather(job, owned)
    record = _records[meta.uid_of(job)] = backoff.merge(_records.get(meta.uid_of(job), Record()), job, owned)
    finish = finishing.decide(found, now)
    step = plan.end(found) if finish is not None else plan.step(found, record, now)
    errors = await _carry_out(step, job, kube)
    again, trouble = await _count(job, finish, kube, now)
    raise_first([*errors, *trouble])
    waits = (step.again, again)
    return Result(requeue_after=min((wait for wait in waits if wait is not None), default=None))


async def _carry_out(step: Step, job: Object, kube: Kube) -> Sequence[Exception]:
    if errors := [error for error in await kube.perform(step.releases) if not _vanished(error)]:
        return errors
    errors = [*await kube.perform(step.deletes, owner=job), *await kube.perform(step.creates, owner=job)]
    # In a namespace that is going away nothing can be created; the Job goes with it.
    return [error for error in errors if not (isinstance(error, ApiError) and error.is_namespace_terminating)]


async def _count(
    job: Object, finish: Finish | None, kube: Kube, now: datetime
) -> tuple[float | None, Sequence[Exception]]:
    """Notes the Pods that ended, takes their finalizers, counts them. Returns seconds until the next look, errors."""
    found = facts.gather(job, kube.controlled_by(job, *_PODS))
    finish = finish or finishing.completion(found)
    noted, release, reasons = status.note(found, status.begin(job, now), finish, now)
    await kube.patch_status(job, noted)
    for reason in reasons:
        await kube.event(job, "Normal", reason, _MESSAGES[reason])
    errors = [error for error in await kube.perform(_patches(release)) if not _vanished(error)]
    fresh = kube.get_or_none(*_API, meta.key_of(job))
    if fresh is None or meta.uid_of(fresh) != meta.uid_of(job):
        return None, errors
    owned = kube.controlled_by(fresh, *_PODS)
    settled = status.settle(fresh, owned, finish, now)
    await kube.patch_status(fresh, settled)
    if finish is not None and members.is_finished({"status": settled}):
        await _tell(job, settled, finish, kube)
    if len(release) >= status.MOST_UNCOUNTED or finishing.completion(facts.gather({**fresh, "status": settled}, owned)):
        return (0.0 if finish is None or len(release) >= status.MOST_UNCOUNTED else None), errors
    return finishing.deadline({**fresh, "status": settled}, now), errors


async def _tell(job: Object, settled: Object, finish: Finish, kube: Kube) -> None:
    if not finish.is_success:
        await kube.event(job, "Warning", finish.reason, finish.message)
        return
    wanted = job["spec"].get("completions")
    if wanted is not None and int(settled.get("succeeded") or 0) > wanted:
        text = "Too many succeeded pods running after completion count reached"
        await kube.event(job, "Warning", "TooManySucceededPods", text)
    await kube.event(job, "Normal", "Completed", "Job completed")


async def _claim(job: Object, kube: Kube) -> None:
    """Adopted Pods become tracked, released ones are no longer."""
    present = kube.list(*_PODS, meta.namespace_of(job))
    found = claims.plan_claims(job, job["spec"].get("selector"), present, *_PODS)
    tracked = tuple(_with(patch, "finalizers") for patch in found.adopt)
    untracked = tuple(_with(patch, "$deleteFromPrimitiveList/finalizers") for patch in found.release)
    changed = dataclasses.replace(found, adopt=tracked, release=untracked)
    await claims.carry_out(changed, job, "jobs", kube)


def _with(patch: Patch, field: str) -> Patch:
    assert isinstance(patch.body, dict)
    metadata = {**patch.body["metadata"], field: [members.FINALIZER]}
    return dataclasses.replace(patch, body={"metadata": metadata})


async def _release_strays(namespace: str, kube: Kube) -> None:
    """Tracked Pods whose Job is gone or finished: nobody else lets them go."""
    strays = [pod for pod in kube.list(*_PODS, namespace) if members.is_tracked(pod) and _is_stray(pod, kube)]
    raise_first(error for error in await kube.perform(_patches(strays)) if not _vanished(error))


def _is_stray(pod: Object, kube: Kube) -> bool:
    owner = meta.controller_of(pod)
    if owner is None:
        return True
    if owner["kind"] != "Job" or meta.group_of(owner["apiVersion"]) != "batch":
        return False
    job = kube.get_or_none(*_API, Key(meta.namespace_of(pod), owner["name"]))
    if job is None or meta.uid_of(job) != owner["uid"]:
        return True
    return members.is_finished(job) and not members.is_anothers(job)


def _patches(owned: Sequence[Object]) -> list[Patch]:
    return [Patch(*_PODS, *meta.key_of(pod), members.released(pod), content_type="strategic") for pod in owned]


def _vanished(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.status in (404, 409, 422)


def _forget(kube: Kube) -> None:
    living = {meta.uid_of(job) for job in kube.list(*_API) if not members.is_finished(job)}
    for uid in [uid for uid in _records if uid not in living]:
        del _records[uid]
