"""Ephemeral volume: one claim for each generic ephemeral volume of a Pod, owned by the Pod."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, Terminal
from operators._kube.meta import Object
from operators.ephemeralvolume import plan

controller = Controller(
    "ephemeralvolume",
    user=identity.account("ephemeral-volume-controller"),
    component="ephemeral_volume",
    keep=plan.reduced,
)

_CLAIMS = "persistentvolumeclaims"


def users(claim: Object, kube: Kube) -> Iterable[Key]:
    """The Pods that want a claim of this name, whoever owns it."""
    name, pods = meta.name_of(claim), kube.list("v1", "pods", meta.namespace_of(claim))
    return [meta.key_of(pod) for pod in pods if name in dict(plan.templates(pod))]


@controller.reconcile("v1", "pods", watches=[Watch("v1/persistentvolumeclaims", keys=users)])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: make what is missing; a claim of that name that is somebody else's is reported, not used."""
    pod = kube.get_or_none("v1", "pods", key)
    if pod is None:
        return DONE
    for name, template in plan.templates(pod):
        present = kube.get_or_none("v1", _CLAIMS, Key(key.namespace, name))
        if present is None:
            await _create(pod, name, template, kube)
        elif why := plan.objection(pod, present):
            raise Terminal("FailedBinding", why)
    return DONE


async def _create(pod: Object, name: str, template: Object, kube: Kube) -> None:
    try:
        await kube.create("v1", _CLAIMS, plan.claim(pod, name, template))
    except ApiError as error:
        if error.is_namespace_terminating:
            return
        if error.is_already_exists and await _is_ours(pod, name, kube):
            return
        text = f"ephemeral volume {_volume(pod, name)}: create PVC {meta.namespace_of(pod)}/{name}: {error}"
        await kube.event(pod, "Warning", "FailedBinding", text)
        raise


async def _is_ours(pod: Object, name: str, kube: Kube) -> bool:
    found = await kube.fetch("v1", _CLAIMS, Key(meta.namespace_of(pod), name))
    return found is not None and plan.objection(pod, found) is None


def _volume(pod: Object, claim: str) -> str:
    return claim.removeprefix(f"{meta.name_of(pod)}-")
