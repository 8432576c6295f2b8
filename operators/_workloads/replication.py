"""The reconcile of kinds whose Pods are all alike: claim, create or delete, then the status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from operators._kube import claims, meta
from operators._kube.actions import Action
from operators._kube.controller import DONE, Key, Kube, Result
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators._workloads import counts, pods, replicas

Related = Callable[[Object, Kube], list[Object]]


@dataclass(frozen=True, slots=True)
class Replication:
    """One such kind. `selector`: its metav1.LabelSelector; `related`: Pods that count when some are picked for
    deletion; `counts_terminating`: whether its status has terminatingReplicas."""

    api_version: str
    resource: str
    selector: Callable[[Object], Object | None]
    related: Related
    counts_terminating: bool = True

    def claimants(self, pod: Object, kube: Kube, /) -> Iterable[Key]:
        """The objects of the kind that may adopt a Pod without a controller."""
        return claims.claimants(pod, kube, self.api_version, self.resource, self.selector)

    async def reconcile(self, key: Key, kube: Kube, now: datetime) -> Result:
        """Level-triggered; the status is also that of an object that is being deleted."""
        owner = kube.get_or_none(self.api_version, self.resource, key)
        if owner is None:
            return DONE
        await self._claim(owner, kube)
        owned = kube.controlled_by(owner, "v1", "pods")
        missing = replicas.missing(owner, owned)
        errors = await _perform(replicas.actions(owner, owned, self.related(owner, kube), now), owner, kube)
        owned = kube.controlled_by(owner, "v1", "pods")
        status = counts.compute(owner, owned, now, errors=errors, missing=missing)
        if not self.counts_terminating:
            status.pop("terminatingReplicas", None)
        await kube.patch_status(owner, status)
        raise_first(errors)
        if abs(missing) > replicas.BURST:
            return Result(requeue_after=0)
        return Result(requeue_after=counts.next_check(owner, owned, now))

    async def _claim(self, owner: Object, kube: Kube) -> None:
        present = filter(pods.is_active, kube.list("v1", "pods", meta.namespace_of(owner)))
        found = claims.plan_claims(owner, self.selector(owner), present, "v1", "pods")
        await claims.carry_out(found, owner, self.resource, kube)


async def _perform(actions: Sequence[Action], owner: Object, kube: Kube) -> list[Exception]:
    errors = await kube.perform(actions, owner=owner)
    # In a namespace that is going away nothing can be created; the owner goes with it.
    return [error for error in errors if not (isinstance(error, ApiError) and error.is_namespace_terminating)]
