"""StatefulSet: keep Pods with an identity, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import claims, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._workloads import pods, revisions
from operators.statefulset import SLEEP, identity, plan, status
from operators.statefulset.plan import Revisions, Step

controller = Controller("statefulset", user=SLEEP.user, keep=pods.slim)

_API, _CLAIMS = ("apps/v1", "statefulsets"), ("v1", "persistentvolumeclaims")
_AGAIN = 2.0  # seconds until a claim that is on its way out is looked at again; its end wakes nobody else


def claimants(obj: Object, kube: Kube, /) -> Iterable[Key]:
    """The StatefulSets that may adopt a Pod or a revision without a controller."""
    return claims.claimants(obj, kube, *_API, claims.label_selector)


def of_claim(claim: Object, kube: Kube, /) -> Iterable[Key]:
    """The StatefulSets that a claim may have been made for: a Pod may wait for its end."""
    for set_ in kube.list(*_API, meta.namespace_of(claim)):
        templates = set_["spec"].get("volumeClaimTemplates") or ()
        if any(meta.name_of(claim).startswith(f"{t['metadata']['name']}-{meta.name_of(set_)}-") for t in templates):
            yield meta.key_of(set_)


@controller.reconcile(
    *_API,
    owns=["v1/pods", "apps/v1/controllerrevisions"],
    watches=[
        Watch("v1/pods", keys=claimants),
        Watch("apps/v1/controllerrevisions", keys=claimants),
        Watch("v1/persistentvolumeclaims", keys=of_claim),
    ],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: claim, one step, then the status, also where the step failed."""
    set_ = kube.get_or_none(*_API, key)
    if set_ is None:
        return DONE
    await _claim(set_, kube)
    collisions = int((set_.get("status") or {}).get("collisionCount") or 0)
    history = revisions.history(set_, _revisions(set_, kube), collisions)
    if not meta.is_deleting(set_):
        errors = await kube.perform(history.actions, owner=set_)
        if errors and isinstance(errors[0], ApiError) and errors[0].is_already_exists:
            return await _collided(set_, collisions, kube)
        raise_first(errors)
    current = history.named((set_.get("status") or {}).get("currentRevision")) or history.update
    found = Revisions(current, history.update)
    present = {meta.name_of(claim): claim for claim in kube.list(*_CLAIMS, key.namespace)}
    step = plan.step(set_, _pods(set_, kube), present, found, now)
    failures = await _carry_out(step, set_, kube)
    owned = _pods(set_, kube)
    report = status.compute(set_, owned, found, collisions, now)
    await kube.patch_status(set_, report)
    live = {report["currentRevision"], report["updateRevision"], *map(identity.revision_of, owned)}
    raise_first([*failures, *await kube.perform(revisions.surplus(set_, _revisions(set_, kube), live))])
    return Result(requeue_after=_AGAIN if step.waits_for else status.next_check(set_, owned, now))


async def _carry_out(step: Step, set_: Object, kube: Kube) -> list[Exception]:
    # Claims are their own: what the policy says of their owners is in the plan.
    errors = await kube.perform(step.claims)
    if errors:
        text = f"create Claim for a Pod in StatefulSet {meta.name_of(set_)} failed error: {errors[0]}"
        await kube.event(set_, "Warning", "FailedCreate", text)
        return _serious(errors)
    for actions in (step.creates, step.deletes, step.patches):
        errors = await kube.perform(actions, owner=set_)
        if errors:
            return _serious(errors)
    return []


def _serious(errors: Iterable[Exception]) -> list[Exception]:
    """In a namespace that is going away nothing can be created; the set goes with it."""
    return [error for error in errors if not (isinstance(error, ApiError) and error.is_namespace_terminating)]


async def _collided(set_: Object, collisions: int, kube: Kube) -> Result:
    """The revision's name belongs to something else: another number makes another name."""
    await kube.patch_status(set_, {**(set_.get("status") or {}), "collisionCount": collisions + 1})
    return Result(requeue_after=0)


async def _claim(set_: Object, kube: Kube) -> None:
    namespace, selector = meta.namespace_of(set_), set_["spec"].get("selector")
    own = [pod for pod in kube.list("v1", "pods", namespace) if identity.is_member(set_, pod)]
    found = claims.plan_claims(set_, selector, own, "v1", "pods")
    await claims.carry_out(found, set_, "statefulsets", kube)
    orphans = kube.list("apps/v1", "controllerrevisions", namespace)
    adopted = claims.plan_claims(set_, selector, orphans, "apps/v1", "controllerrevisions")
    await claims.carry_out(adopted, set_, "statefulsets", kube)


def _pods(set_: Object, kube: Kube) -> list[Object]:
    return [pod for pod in kube.controlled_by(set_, "v1", "pods") if identity.is_member(set_, pod)]


def _revisions(set_: Object, kube: Kube) -> list[Object]:
    return kube.controlled_by(set_, "apps/v1", "controllerrevisions")
