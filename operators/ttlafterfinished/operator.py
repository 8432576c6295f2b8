"""TTL-after-finished: delete Jobs when their time after the end is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from operators._kube import meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators.ttlafterfinished import SLEEP, plan


def slim(job: dict[str, Any]) -> dict[str, Any]:
    """What the cache keeps of a Job."""
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    kept = {name: job.get(name) for name in ("apiVersion", "kind")}
    conditions = (job.get("status") or {}).get("conditions") or []
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    return {**kept, "metadata": job["metadata"], "spec": spec, "status": {"conditions": conditions}}


controller = Controller("ttlafterfinished", user=SLEEP.user, component="ttl-after-finished-controller", keep=slim)

_API = ("batch/v1", "jobs")


@controller.reconcile(*_API)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Deletes in the foreground, as upstream: the Job goes when its Pods have gone."""
    job = kube.get_or_none(*_API, key)
    left = plan.seconds_left(job, now) if job is not None else None
    if job is None or left is None:
        return DONE
    if left <= 0:
        # Somebody may have given it more time a moment ago.
        fresh = await kube.fetch(*_API, key)
        if fresh is None or meta.uid_of(fresh) != meta.uid_of(job):
            return DONE
        left = plan.seconds_left(fresh, now)
        if left is None:
            return DONE
    if left > 0:
        return Result(requeue_after=left)
    await kube.delete(*_API, key, uid=meta.uid_of(job), propagation="Foreground")
    return DONE
