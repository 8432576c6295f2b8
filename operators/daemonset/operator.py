"""DaemonSet: a Pod on every Node that it fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from operators._kube import claims, meta, selectors
from operators._kube.actions import Action
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, Terminal, raise_first
from operators._kube.meta import Object
from operators._workloads import pods, revisions
from operators.daemonset import SLEEP, daemons, plan, status
from operators.daemonset.plan import Scene

controller = Controller("daemonset", user=SLEEP.user, keep=daemons.slim)

_API = ("apps/v1", "daemonsets")
# By UID of the set: how many Pods have failed on a Node. It sets the delay before the next one, and may be forgotten.
_failures: dict[str, Counter[str]] = {}


def claimants(obj: Object, kube: Kube, /) -> Iterable[Key]:
    """The DaemonSets that may adopt a Pod or a revision without a controller."""
    return claims.claimants(obj, kube, *_API, claims.label_selector)


def of_node(node: Object, kube: Kube, /) -> Iterable[Key]:
    return map(meta.key_of, kube.list(*_API))


@controller.reconcile(
    *_API,
    owns=["v1/pods", "apps/v1/controllerrevisions"],
    watches=[
        Watch("v1/pods", keys=claimants),
        Watch("apps/v1/controllerrevisions", keys=claimants),
        Watch("v1/nodes", keys=of_node),
    ],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: claim, one step, then the status, also where the step failed."""
    set_ = kube.get_or_none(*_API, key)
    if set_ is None:
        return DONE
    if selectors.is_empty(set_["spec"].get("selector")):
        message = "This daemon set is selecting all pods. A non-empty selector is required."
        raise Terminal("SelectingAll", message)
    await _claim(set_, kube)
    collisions = int((set_.get("status") or {}).get("collisionCount") or 0)
    history = revisions.history(set_, _revisions(set_, kube), collisions, daemons.HASH)
    if not meta.is_deleting(set_):
        errors = await kube.perform(history.actions, owner=set_)
        if errors and isinstance(errors[0], ApiError) and errors[0].is_already_exists:
            await kube.patch_status(set_, {**(set_.get("status") or {}), "collisionCount": collisions + 1})
            return Result(requeue_after=0)
        raise_first(errors)
    code = meta.labels_of(history.update)[daemons.HASH]
    scene = Scene(kube.list("v1", "nodes"), code, now, _failed(set_, kube))
    owned = kube.controlled_by(set_, "v1", "pods")
    step = plan.step(set_, owned, scene)
    failures = await _carry_out([*step.events, *step.deletes], step.creates, set_, kube)
    owned = kube.controlled_by(set_, "v1", "pods")
    await kube.patch_status(set_, status.compute(set_, owned, scene))
    live = {meta.name_of(history.update), *(_revision_name(set_, pod) for pod in owned)}
    raise_first([*failures, *await kube.perform(revisions.surplus(set_, _revisions(set_, kube), live))])
    waits = (step.again, status.next_check(set_, owned, now))
    return Result(requeue_after=min((wait for wait in waits if wait is not None), default=None))


async def _carry_out(deletes: Sequence[Action], creates: Sequence[Action], set_: Object, kube: Kube) -> list[Exception]:
    errors = [*await kube.perform(deletes, owner=set_), *await kube.perform(creates, owner=set_)]
    # In a namespace that is going away nothing can be created; the set goes with it.
    return [error for error in errors if not (isinstance(error, ApiError) and error.is_namespace_terminating)]


async def _claim(set_: Object, kube: Kube) -> None:
    namespace, selector = meta.namespace_of(set_), set_["spec"].get("selector")
    for api_version, resource in (("v1", "pods"), ("apps/v1", "controllerrevisions")):
        present = kube.list(api_version, resource, namespace)
        found = claims.plan_claims(set_, selector, present, api_version, resource)
        await claims.carry_out(found, set_, "daemonsets", kube)


def _failed(set_: Object, kube: Kube) -> Counter[str]:
    """Counts each failed Pod once, by its UID."""
    living = {meta.uid_of(each) for each in kube.list(*_API)}
    for uid in [uid for uid in _failures if uid not in living]:
        del _failures[uid]
    counts = _failures.setdefault(meta.uid_of(set_), Counter())
    for pod in kube.controlled_by(set_, "v1", "pods"):
        if pods.phase(pod) == "Failed" and not counts[meta.uid_of(pod)]:
            counts[meta.uid_of(pod)] = 1
            counts[daemons.node_of(pod)] += 1
    return counts


def _revisions(set_: Object, kube: Kube) -> list[Object]:
    return kube.controlled_by(set_, "apps/v1", "controllerrevisions")


def _revision_name(set_: Object, pod: Object) -> str:
    return f"{meta.name_of(set_)}-{meta.labels_of(pod).get(daemons.HASH, '')}"
