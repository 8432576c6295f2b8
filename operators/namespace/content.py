"""Emptying a namespace: Pods first, then everything else."""

from __future__ import annotations

import asyncio
from typing import Any

from operators._kube import discovery, meta, paths
from operators._kube.client import ApiError, Kube
from operators.namespace import plan, status

_AT_ONCE = 8
_BACKGROUND = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}


async def remove(namespace: str, kube: Kube) -> status.Remains:
    """Deletes what there is and reports what is left. Others are not touched while there are Pods.

    Pods go first so that they never run without what protects them, such as NetworkPolicies (Namespaces concepts
    page, "Automatic deletion"). Nothing new can appear meanwhile: the API refuses it in a Terminating namespace.
    """
    remains = status.Remains()
    await _empty(namespace, plan.PODS, kube, remains)
    if not remains.clean:
        return remains
    documents, remains.unknown = await discovery.resource_lists(kube)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(target: plan.Target) -> None:
        async with turn:
            await _empty(namespace, target, kube, remains)

    await asyncio.gather(*(in_turn(target) for target in plan.targets(documents)))
    return remains


async def _empty(namespace: str, target: plan.Target, kube: Kube, remains: status.Remains) -> None:
    try:
        left = await _list(namespace, target, kube)
        if left:
            await _delete(namespace, target, left, kube)
            left = await _list(namespace, target, kube)
    except ApiError as error:
        if error.status not in (404, 405):  # the kind went away since discovery
            remains.errors.append(str(error))
        return
    if left:
        remains.objects[target.group_resource] += len(left)
        for obj in left:
            remains.finalizers.update(meta.metadata(obj).get("finalizers") or ())


async def _list(namespace: str, target: plan.Target, kube: Kube) -> list[dict[str, Any]]:
    return await kube.fetch_list(target.api_version, target.resource, namespace)


async def _delete(namespace: str, target: plan.Target, left: list[dict[str, Any]], kube: Kube) -> None:
    kind = paths.Kind(target.api_version, target.resource)
    if target.collection:
        await kube.request("DELETE", paths.of_collection(kind, namespace), body=_BACKGROUND)
        return
    for obj in left:
        await kube.delete(*kind, meta.key_of(obj))
