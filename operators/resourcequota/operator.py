"""ResourceQuota: keeps `status.used` of every quota true; the API server adds to it when it lets something through."""

from __future__ import annotations

import asyncio
from datetime import datetime

from operators._kube import identity, paths
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.errors import ApiError
from operators._kube.meta import Object
from operators.resourcequota import plan, usage

controller = Controller(
    "resourcequota", user=identity.account("resourcequota-controller"), component="resourcequota-controller"
)

# Seconds between two looks: only what was deleted has to wait for them. Watching every kind would cost far more.
_AGAIN = 5.0
# Seconds: what the API server lets through is charged first and stored then, so that less may only seem to be used.
_ON_ITS_WAY = 0.5


@controller.reconcile("v1", "resourcequotas")
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: counts, and writes the status if it says otherwise. See the page "Resource Quotas"."""
    if kube.get_or_none("v1", "resourcequotas", key) is None:
        return DONE
    # As it is now: what the API server charges while we count makes our write fail, and we count again.
    quota = await kube.fetch("v1", "resourcequotas", key)
    if quota is None or quota["metadata"].get("deletionTimestamp"):
        return DONE
    wanted = plan.status(quota, await _count(quota, key.namespace, kube))
    if plan.is_less(quota, wanted):
        await asyncio.sleep(_ON_ITS_WAY)
        wanted = plan.status(quota, await _count(quota, key.namespace, kube))
    if not plan.is_current(quota, wanted):
        version = {"resourceVersion": quota["metadata"]["resourceVersion"]}
        body = {"metadata": version, "status": _replacing(quota.get("status") or {}, wanted)}
        await kube.patch("v1", "resourcequotas", key, body, subresource="status", silent=True)
    return Result(requeue_after=_AGAIN)


def _replacing(present: Object, wanted: Object) -> Object:
    """A merge patch that also drops what is no longer asked for."""
    return {part: dict.fromkeys(present.get(part) or {}) | wanted[part] for part in wanted}


async def _count(quota: Object, namespace: str, kube: Kube) -> dict[str, str]:
    """What is used of each resource that the quota names, where it can be counted."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    found, total, rules = plan.sources(hard), usage.Total(), plan.rules(quota)
    if found.pods:
        usage.pods(await kube.fetch_list("v1", "pods", namespace), rules, total)
    if found.services and not rules:
        usage.services(await kube.fetch_list("v1", "services", namespace), total)
    if found.claims and not rules:
        usage.claims(await kube.fetch_list("v1", "persistentvolumeclaims", namespace), total)
    counted = {name: total.text(name) for name in hard if name not in found.numbers}
    for name, (group, resource) in found.numbers.items():
        # Scopes are about Pods: nothing else is in them.
        number = 0 if rules else await _number(group, resource, namespace, kube)
        if number is not None:
            counted[name] = str(number)
    return counted


async def _number(group: str, resource: str, namespace: str, kube: Kube) -> int | None:
    """How many objects there are; None for a kind that is not served."""
    try:
        version = "v1"
        if group:
            version = (await kube.request("GET", f"/apis/{group}"))["preferredVersion"]["groupVersion"]
        path = paths.of_collection(paths.Kind(version, resource), namespace)
        answer = await kube.request("GET", path, params={"limit": "1"})
    except ApiError as error:
        if error.is_not_found:
            return None
        raise
    return len(answer.get("items") or ()) + int((answer.get("metadata") or {}).get("remainingItemCount") or 0)
