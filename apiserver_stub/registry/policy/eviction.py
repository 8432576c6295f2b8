"""Eviction: a deletion that the PodDisruptionBudget of a Pod allows, and which is written down there."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from apiserver_stub.meta import status
from apiserver_stub.registry import delete, selector
from apiserver_stub.registry.delete import DeleteOptions
from apiserver_stub.registry.generic import Registry, WriteOptions, now

Object = dict[str, Any]

_VIOLATES: Final = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL: Final = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_CAUSE: Final = "DisruptionBudget"
# Where the owner of a budget is known as this when it refuses.
_BUDGET: Final = ("policy", "poddisruptionbudget")
_RETRY_SECONDS: Final = 10
_MOST_DISRUPTED: Final = 2000
# A Pod in one of these disturbs nobody any more, or not yet.
_UNGUARDED: Final = ("Succeeded", "Failed", "Pending")
_ENDED: Final = ("Succeeded", "Failed")


async def evict(pods: Registry, budgets: Registry, namespace: str, name: str, options: DeleteOptions) -> None:
    """Evicts a Pod. Raises StatusError (403, 404, 409, 429; 500 for a Pod under several budgets).

    See "API-initiated Eviction" of the Kubernetes documentation.
    """
    entry = pods.log.head(pods.key(namespace, name))
    if entry is None:
        raise status.not_found(pods.resource, name)
    pod = pods.object(entry)
    enforce = not _is_over(pod)
    if not _is_unguarded(pod):
        budget = _budget(budgets, namespace, pod)
        enforce = budget is not None and _is_free(pod, budget)
        if budget is not None and not enforce:
            await _take(budgets, budget, name, dry_run=options.dry_run)
    if enforce and options.revision is None:
        # Whatever was judged is what is deleted.
        options = dataclasses.replace(options, revision=pod["metadata"]["resourceVersion"])
    await _delete(pods, namespace, name, options)


def _is_over(pod: Object) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in _ENDED or bool(pod["metadata"].get("deletionTimestamp"))


def _is_unguarded(pod: Object) -> bool:
    return _is_over(pod) or (pod.get("status") or {}).get("phase") in _UNGUARDED


def _budget(budgets: Registry, namespace: str, pod: Object) -> Object | None:
    """The budget that guards a Pod. Raises StatusError (500) when there are several."""
    labels = pod["metadata"].get("labels") or {}
    found = []
    for entry in budgets.log.heads(budgets.table):
        if entry.key.namespace == namespace:
            budget = budgets.object(entry)
            if selector.matches((budget.get("spec") or {}).get("selector"), labels):
                found.append(budget)
    if len(found) > 1:
        raise status.unknown(_SEVERAL)
    return found[0] if found else None


def _is_free(pod: Object, budget: Object) -> bool:
    """Whether the Pod is not ready and its budget lets such Pods go, uncounted (unhealthyPodEvictionPolicy)."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    counts = budget.get("status") or {}
    desired, healthy = int(counts.get("desiredHealthy", 0)), int(counts.get("currentHealthy", 0))
    return 0 < desired <= healthy


async def _take(budgets: Registry, budget: Object, pod: str, *, dry_run: bool) -> None:
    """Takes one disruption off the budget. Raises StatusError (403, 429)."""
    meta, counts = budget["metadata"], budget.get("status") or {}
    _check(meta, counts)
    if dry_run:
        return

    def take(obj: Object) -> Object:
        current = obj["status"]
        current["disruptionsAllowed"] -= 1
        if current["disruptionsAllowed"] == 0:
            _forbid(current)
        current.setdefault("disruptedPods", {})[pod] = now()
        return obj

    await budgets.update(meta["namespace"], meta["name"], take, WriteOptions(), "status")


def _check(meta: Object, counts: Object) -> None:
    name = meta["name"]
    if counts.get("observedGeneration", 0) < meta.get("generation", 0):
        cause = f"The disruption budget {name} is still being processed by the server."
        raise _refused(cause, _RETRY_SECONDS)
    allowed = counts.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise status.forbidden(_BUDGET, name, "pdb disruptions allowed is negative")
    if len(counts.get("disruptedPods") or ()) > _MOST_DISRUPTED:
        detail = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise status.forbidden(_BUDGET, name, detail)
    if allowed == 0:
        needed, healthy = counts.get("desiredHealthy", 0), counts.get("currentHealthy", 0)
        raise _refused(f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently")


def _refused(cause: str, retry_after: int = 0) -> status.StatusError:
    error = status.too_many_requests(_VIOLATES, [{"reason": _CAUSE, "message": cause}], retry_after)
    if retry_after:
        error.headers["Retry-After"] = str(retry_after)
    return error


def _forbid(counts: Object) -> None:
    """The condition of a budget that has nothing left."""
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": counts.get("observedGeneration", 0),
        "reason": "InsufficientPods",
        "message": "",
    }
    _put(counts, condition)


def _put(holder: Object, condition: Object) -> None:
    """Sets a condition; the time of its last transition stays where its status does."""
    kept = holder.setdefault("conditions", [])
    for i, known in enumerate(kept):
        if known.get("type") == condition["type"]:
            same = known.get("status") == condition["status"]
            kept[i] = condition | {"lastTransitionTime": known.get("lastTransitionTime") if same else now()}
            return
    kept.append(condition | {"lastTransitionTime": now()})


async def _delete(pods: Registry, namespace: str, name: str, options: DeleteOptions) -> None:
    """Marks the Pod as a target of disruption, then deletes it."""
    if not options.dry_run:
        written = await pods.update(namespace, name, lambda pod: _target(pod, pods, options), WriteOptions(), "status")
        if options.revision is not None:
            revision = str(written.entry.revision)
            options = dataclasses.replace(options, revision=revision)
    await delete.delete(pods, namespace, name, options)


def _target(pod: Object, pods: Registry, options: DeleteOptions) -> Object:
    delete.check_preconditions(pods, pod, options)
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "observedGeneration": pod["metadata"].get("generation", 0),
        "lastProbeTime": None,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    _put(pod.setdefault("status", {}), condition)
    return pod
