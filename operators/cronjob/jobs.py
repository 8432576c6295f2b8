"""The Jobs of a CronJob: how they are named and made, what is read off them (pure)."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, tzinfo

from operators._kube import conditions, meta
from operators._kube.meta import Object

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def name(cron: Object, moment: datetime) -> str:
    """One name for one time: a Job cannot be started twice."""
    return f"{meta.name_of(cron)}-{int(moment.timestamp()) // 60}"


def body(cron: Object, moment: datetime, zone: tzinfo) -> Object:
    """The Job for a time of the schedule. `zone`: the one its annotation tells the time in."""
    template = cron["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    stamp = moment.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    metadata: Object = {
        "name": name(cron, moment),
        "namespace": meta.namespace_of(cron),
        "annotations": {**(given.get("annotations") or {}), SCHEDULED: stamp},
        "ownerReferences": [meta.owner_reference(cron)],
    }
    if given.get("labels"):
        metadata["labels"] = dict(given["labels"])
    spec = copy.deepcopy(template.get("spec") or {})
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def end_of(job: Object) -> str:
    """ "Complete", "Failed", or "" for a Job that is not over."""
    listed = conditions.of(job)
    return next((type_ for type_ in ("Complete", "Failed") if conditions.is_true(listed, type_)), "")


def started(job: Object) -> datetime:
    """When it was started; one that was not comes last."""
    text = (job.get("status") or {}).get("startTime")
    return meta.parse_time(text) if text else datetime.max.replace(tzinfo=UTC)


def slim(obj: Object) -> Object:
    """What the cache keeps of a Job: its spec is not looked at."""
    return {**obj, "spec": {}} if obj.get("kind") == "Job" else obj
