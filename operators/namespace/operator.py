"""Namespace: empty one that is being deleted, then let it go."""

from __future__ import annotations

from datetime import datetime

from operators._kube import identity, meta, paths
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.errors import ApiError
from operators.namespace import content, plan, status

controller = Controller("namespace", user=identity.account("namespace-controller"))


@controller.reconcile("v1", "namespaces")
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: one attempt to delete the content; again later while something is left.

    Content is looked for by polling, ever more rarely: watching every kind there is would cost far more.
    """
    namespace = kube.get_or_none("v1", "namespaces", key)
    if namespace is None or not plan.is_ours(namespace):
        return DONE
    remains = await content.remove(key.name, kube)
    if not remains.clean:
        await kube.patch_status(namespace, status.compute(namespace, remains, now))
        pods_remain = plan.PODS.group_resource in remains.objects
        return Result(requeue_after=plan.next_look(namespace, now, pods_remain=pods_remain))
    await _finalize(key, kube)
    return DONE


async def _finalize(key: Key, kube: Kube) -> None:
    namespace = await kube.fetch("v1", "namespaces", key)
    if namespace is None or not plan.is_ours(namespace):
        return
    path = paths.of_object(paths.Kind("v1", "namespaces"), key, "finalize")
    try:
        await kube.request("PUT", path, body=plan.finalized(namespace))
    except ApiError as error:
        if not error.is_not_found:
            raise
    kube.log.info("namespace %s: content deleted, %s", key.name, meta.uid_of(namespace))
