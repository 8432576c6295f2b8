"""Deployment: keep one ReplicaSet per revision and roll from the old ones to the new one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import claims, client, identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import Terminal, raise_first
from operators._kube.meta import Object
from operators.deployment import creation, plan, progress, sets, status

controller = Controller("deployment", user=identity.account("deployment-controller"))

_API = "apps/v1"


def claimants(rs: Object, kube: Kube) -> Iterable[Key]:
    """The Deployments that may adopt a ReplicaSet without a controller."""
    return claims.claimants(rs, kube, _API, "deployments", claims.label_selector)


@controller.reconcile(
    _API, "deployments", owns=["apps/v1/replicasets"], watches=[Watch("apps/v1/replicasets", keys=claimants)]
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: one step of the rollout, then the status."""
    deployment = kube.get_or_none(_API, "deployments", key)
    if deployment is None:
        return DONE
    if plan.claims_everything(deployment):
        message = "This deployment is selecting all pods. A non-empty selector is required."
        raise Terminal("SelectingAll", message)
    await _claim(deployment, kube)
    step = plan.step(deployment, _observe(deployment, kube))
    made = await creation.carry_out(step.create, deployment, kube)
    errors = [*filter(None, [made.error]), *await kube.perform(step.actions, owner=deployment)]
    observed = _observe(deployment, kube)
    report = status.compute(
        deployment,
        observed,
        now,
        rollout=step.rollout,
        created=made.created,
        failure=made.failure,
        collision=made.collision,
    )
    await _report(deployment, report, status.revision(deployment, observed), kube)
    raise_first(errors)
    # What this round wrote brings no news, and old ReplicaSets are cleaned up only in a round that starts out complete.
    completed = plan.is_complete(deployment, report) and not plan.is_complete(
        deployment, deployment.get("status") or {}
    )
    return Result(requeue_after=0 if made.collision or completed else progress.next_check(deployment, report, now))


async def _claim(deployment: Object, kube: Kube) -> None:
    present = kube.list(_API, "replicasets", meta.namespace_of(deployment))
    found = claims.plan_claims(deployment, deployment["spec"].get("selector"), present, _API, "replicasets")
    await claims.carry_out(found, deployment, "deployments", kube)


def _observe(deployment: Object, kube: Kube) -> sets.Sets:
    return sets.observe(deployment, kube.controlled_by(deployment, _API, "replicasets"))


async def _report(deployment: Object, report: Object, revision: Object, kube: Kube) -> None:
    if not revision:
        await kube.patch_status(deployment, report)
        return
    # The revision goes with the status: changed on its own it would count as a new generation.
    change = client.merge_difference(deployment.get("status") or {}, report)
    metadata = {"uid": meta.uid_of(deployment), "annotations": revision}
    body = {"metadata": metadata, "status": change}
    await kube.patch(_API, "deployments", meta.key_of(deployment), body, subresource="status", silent=True)
