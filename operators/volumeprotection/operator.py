"""Volume protection: PersistentVolumeClaims and PersistentVolumes stay until no Pod, no claim uses them any more."""

from __future__ import annotations

from datetime import datetime

from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators.volumeprotection import SLEEP, plan

controller = Controller(
    "volumeprotection",
    user=SLEEP.user,
    component="persistentvolumeclaim-protection-controller",
)

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
# Seconds. Pods are looked for only while a claim waits to go: watching them all would cost far more.
_AGAIN = 1.0


@controller.reconcile("v1", _CLAIMS)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: a claim that is being deleted goes when there is no Pod that uses it."""
    claim = kube.get_or_none("v1", _CLAIMS, key)
    if claim is not None and plan.is_bare(claim, plan.CLAIM):
        await kube.patch("v1", _CLAIMS, key, plan.protected(claim, plan.CLAIM))
    if claim is None or not plan.is_held(claim, plan.CLAIM):
        return DONE
    if plan.is_used(claim, await kube.fetch_list("v1", "pods", key.namespace)):
        return Result(requeue_after=_AGAIN)
    await kube.patch("v1", _CLAIMS, key, plan.released(claim, plan.CLAIM))
    return DONE


@controller.reconcile("v1", _VOLUMES)
async def reconcile_volume(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: a volume that is being deleted goes when it is bound to no claim."""
    volume = kube.get_or_none("v1", _VOLUMES, key)
    if volume is not None and plan.is_bare(volume, plan.VOLUME):
        await kube.patch("v1", _VOLUMES, key, plan.protected(volume, plan.VOLUME))
    elif volume is not None and plan.is_held(volume, plan.VOLUME) and not plan.is_bound(volume):
        await kube.patch("v1", _VOLUMES, key, plan.released(volume, plan.VOLUME))
    return DONE
