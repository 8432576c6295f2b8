"""CronJob: start Jobs when they are due, clear up after them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from operators._kube import meta
from operators._kube.actions import Delete, Event, Note
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators.cronjob import SLEEP, jobs, plan, status, zone
from operators.cronjob.plan import Decision

controller = Controller("cronjob", user=SLEEP.user, keep=jobs.slim)

_API, _JOBS = ("batch/v1", "cronjobs"), ("batch/v1", "jobs")
_DELETED = Note("SuccessfulDelete", "Deleted job {name}")
_NOT_DELETED = Note("FailedDelete", "Deleted job: {error}")


@controller.reconcile(*_API, owns=["batch/v1/jobs"])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: look at the Jobs, start one if it is due, write the status, drop old ones."""
    cron = kube.get_or_none(*_API, key)
    if cron is None:
        return DONE
    seen = status.observe(cron, kube.controlled_by(cron, *_JOBS))
    current, events = await _without_missing(cron, seen, kube)
    decision = plan.decide(cron, current, now, await asyncio.to_thread(zone.local))
    await kube.perform([*seen.events, *events, *decision.events])
    try:
        if decision.start is not None:
            current = await _replace(cron, current, decision.replaces, kube)
            current = await _start(cron, current, decision.start, decision, kube)
    finally:
        # Also where no Job could be started: what has been seen is kept.
        await kube.patch_status(cron, current)
    if not meta.is_deleting(cron):
        old = plan.surplus(cron, kube.controlled_by(cron, *_JOBS))
        raise_first(await kube.perform([_delete(job) for job in old], owner=cron))
    return Result(requeue_after=decision.again)


async def _without_missing(cron: Object, seen: status.Observed, kube: Kube) -> tuple[Object, list[Event]]:
    """A Job that the cache does not know may only be too new for it: the API server is asked."""
    gone, events = [], []
    for ref in seen.missing:
        job = await kube.fetch(*_JOBS, Key(meta.namespace_of(cron), ref["name"]))
        if job is None or meta.uid_of(job) != ref.get("uid"):
            gone.append(ref)
            events.append(Event(cron, "Normal", "MissingJob", f"Active job went missing: {ref['name']}"))
    left = [ref for ref in status.active(seen.status) if ref not in gone]
    return status.with_active(seen.status, left), events


async def _replace(cron: Object, current: Object, active: Sequence[Object], kube: Kube) -> Object:
    where = meta.namespace_of(cron)
    deletes = [
        Delete(*_JOBS, where, ref["name"], uid=ref.get("uid"), success=_DELETED, failure=_NOT_DELETED) for ref in active
    ]
    raise_first(await kube.perform(deletes, owner=cron))
    left = [ref for ref in status.active(current) if ref not in active]
    return status.with_active(current, left)


async def _start(cron: Object, current: Object, moment: datetime, decision: Decision, kube: Kube) -> Object:
    """Creates the Job; one that is there already, because this was broken off once, is taken."""
    body = jobs.body(cron, moment, decision.zone)
    try:
        job: Object | None = await kube.create(*_JOBS, body)
        await kube.event(cron, "Normal", "SuccessfulCreate", f"Created job {meta.name_of(body)}")
    except ApiError as error:
        if error.is_namespace_terminating:
            return current
        job = await kube.fetch(*_JOBS, meta.key_of(body)) if error.is_already_exists else None
        if job is None or not meta.is_controlled_by(job, cron):
            await kube.event(cron, "Warning", "FailedCreate", f"Error creating job: {error}")
            raise
    assert job is not None
    current = {**current, "lastScheduleTime": meta.format_time(moment)}
    if jobs.end_of(job):
        return current
    known = [ref for ref in status.active(current) if ref.get("uid") != meta.uid_of(job)]
    return status.with_active(current, [*known, meta.object_reference(job)])


def _delete(job: Object) -> Delete:
    return Delete(*_JOBS, *meta.key_of(job), uid=meta.uid_of(job), success=_DELETED, failure=_NOT_DELETED)
