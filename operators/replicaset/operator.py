"""ReplicaSet: keep spec.replicas Pods alive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from operators._kube import claims, identity, meta, selectors
from operators._kube.actions import Action
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators.replicaset import plan, pods, status

controller = Controller("replicaset", user=identity.account("replicaset-controller"), keep=pods.slim)

_API = "apps/v1"


def claimants(pod: Object, kube: Kube) -> Iterable[Key]:
    """The ReplicaSets that may adopt a Pod without a controller."""
    if meta.controller_of(pod) is not None:
        return
    for rs in kube.list(_API, "replicasets", meta.namespace_of(pod)):
        if selectors.matches(rs["spec"].get("selector"), meta.labels_of(pod)):
            yield meta.key_of(rs)


@controller.reconcile(_API, "replicasets", owns=["v1/pods"], watches=[Watch("v1/pods", keys=claimants)])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: claim, create or delete Pods, then the status, also of one that is being deleted."""
    rs = kube.get_or_none(_API, "replicasets", key)
    if rs is None:
        return DONE
    await _claim(rs, kube)
    owned = kube.controlled_by(rs, "v1", "pods")
    missing = plan.missing(rs, owned)
    errors = await _perform(plan.replicas(rs, owned, _related(rs, kube), now), rs, kube)
    owned = kube.controlled_by(rs, "v1", "pods")
    await kube.patch_status(rs, status.compute(rs, owned, now, errors=errors, missing=missing))
    raise_first(errors)
    if abs(missing) > plan.BURST:
        return Result(requeue_after=0)
    return Result(requeue_after=status.next_check(rs, owned, now))


async def _claim(rs: Object, kube: Kube) -> None:
    present = filter(pods.is_active, kube.list("v1", "pods", meta.namespace_of(rs)))
    found = claims.plan_claims(rs, rs["spec"].get("selector"), present, "v1", "pods")
    await claims.carry_out(found, rs, "replicasets", kube)


async def _perform(actions: Sequence[Action], rs: Object, kube: Kube) -> list[Exception]:
    errors = await kube.perform(actions, owner=rs)
    # In a namespace that is going away nothing can be created; the ReplicaSet goes with it.
    return [error for error in errors if not (isinstance(error, ApiError) and error.is_namespace_terminating)]


def _related(rs: Object, kube: Kube) -> list[Object]:
    owner = meta.controller_of(rs)
    siblings = [rs] if owner is None else kube.list(_API, "replicasets", meta.namespace_of(rs))
    return [
        pod
        for sibling in siblings
        if sibling is rs or (meta.controller_of(sibling) or {}).get("uid") == (owner or {}).get("uid")
        for pod in kube.controlled_by(sibling, "v1", "pods")
    ]
