"""PodDisruptionBudget: count the healthy Pods, say how many may be evicted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import client, meta, selectors
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators._workloads import pods
from operators.disruptionbudget import SLEEP, plan, scales, status

controller = Controller("disruptionbudget", user=SLEEP.user, component="controllermanager", keep=pods.slim)

_BUDGETS = ("policy/v1", "poddisruptionbudgets")


def of_pod(pod: Object, kube: Kube, /) -> Iterable[Key]:
    """The budgets that select a Pod."""
    for budget in kube.list(*_BUDGETS, meta.namespace_of(pod)):
        if selectors.matches(budget["spec"].get("selector"), meta.labels_of(pod)):
            yield meta.key_of(budget)


@controller.reconcile(*_BUDGETS, watches=[Watch("v1/pods", keys=of_pod)])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered. Status is written, as "nothing may go", also when the Pods can't be counted."""
    budget = kube.get_or_none(*_BUDGETS, key)
    if budget is None:
        return DONE
    found = kube.list("v1", "pods", key.namespace, budget["spec"].get("selector") or {"matchLabels": {"": ""}})
    if not found:
        await kube.event(budget, "Normal", "NoPods", "No matching pods found")
    try:
        scale = await _scale(budget, found, kube) if plan.needs_scale(budget) else 0
    except scales.Unmanaged as error:
        text = f"Failed to calculate the number of expected pods: {error}"
        await kube.event(budget, "Warning", "CalculateExpectedPodCountFailed", text)
        await _report(budget, status.failed(budget, str(error), now), kube)
        return DONE
    evicted, stale = plan.disrupted(budget, found, now)
    for pod in stale:
        text = f"Pod was expected by PDB {key.namespace}/{key.name} to be deleted but it wasn't"
        await kube.event(pod, "Warning", "NotDeleted", text)
    expected, desired = plan.counts(budget, len(found), scale)
    await _report(budget, status.compute(budget, plan.healthy(found, evicted), desired, expected, evicted, now), kube)
    return Result(requeue_after=plan.next_check(evicted, now))


async def _scale(budget: Object, found: list[Object], kube: Kube) -> int:
    scale, unmanaged = await scales.expected(found, kube)
    if unmanaged:
        names = ", ".join(meta.name_of(pod) for pod in unmanaged)
        text = (
            "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB"
            f" cannot be calculated correctly, which may result in undefined behavior. Unmanaged pods: {names}"
        )
        await kube.event(budget, "Warning", "UnmanagedPods", text)
    return scale


async def _report(budget: Object, report: Object, kube: Kube) -> None:
    change = client.merge_difference(budget.get("status") or {}, report)
    if not change:
        return
    # An eviction may have taken one off meanwhile: then this count is too old (409), and done again.
    guard = {"uid": meta.uid_of(budget), "resourceVersion": budget["metadata"]["resourceVersion"]}
    body = {"metadata": guard, "status": change}
    await kube.patch(*_BUDGETS, meta.key_of(budget), body, subresource="status", silent=True)
