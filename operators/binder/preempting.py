"""Having Pods of lower priority leave."""

from __future__ import annotations

import asyncio
from datetime import datetime

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators.binder import plan, status
from operators.binder.cluster import Cluster, priority


async def make_room(pod: Object, placement: plan.Placement, cluster: Cluster, kube: Kube, now: datetime) -> None:
    """Delete the victims; the Pod comes back when they are gone. Raises ApiError after all have been tried."""
    if not placement.victims or not placement.nominated:
        return
    results = await asyncio.gather(
        *(_preempt(victim, pod, placement.nominated, kube, now) for victim in placement.victims),
        return_exceptions=True,
    )
    for other in cluster.nominated.get(placement.nominated, ()):
        # Room was being made for it there, which somebody more important takes now.
        if priority(other) < priority(pod):
            body = {"metadata": {"uid": meta.uid_of(other)}, "status": {"nominatedNodeName": None}}
            await kube.patch("v1", "pods", meta.key_of(other), body, subresource="status")
    raise_first(result for result in results if result is not None)


async def _preempt(victim: Object, pod: Object, node: str, kube: Kube, now: datetime) -> None:
    if meta.is_deleting(victim):
        return
    key, body = meta.key_of(victim), status.preempted(victim, pod, now)
    try:
        await kube.patch("v1", "pods", key, body, content_type="strategic", subresource="status")
        await kube.delete("v1", "pods", key, uid=meta.uid_of(victim), propagation=None)
    except ApiError as error:
        if not error.is_not_found and not error.is_conflict:
            raise
        return
    message = f"Preempted by pod {meta.uid_of(pod)} on node {node}"
    await kube.event(victim, "Normal", "Preempted", message)
