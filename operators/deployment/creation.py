"""Creating the new ReplicaSet, and what it means when its name is taken already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from operators._kube import meta
from operators._kube.actions import Create
from operators._kube.client import ApiError, Kube
from operators.deployment import plan, sets, template


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failure`: in words, for the Progressing condition. `collision`: the name belongs to something else."""

    created: bool = False
    collision: bool = False
    failure: str | None = None
    error: Exception | None = None


async def carry_out(create: Create | None, deployment: dict[str, Any], kube: Kube) -> Outcome:
    """Creates the ReplicaSet of a step, if it has one. Never raises ApiError: the status is to be written first."""
    if create is None:
        return Outcome()
    errors = await kube.perform([create], owner=deployment)
    if not errors:
        if sets.size(create.body) > 0:
            await kube.perform([plan.scaled_event(deployment, sets.name(create.body), 0, sets.size(create.body))])
        return Outcome(created=True)
    error = errors[0]
    if not isinstance(error, ApiError) or error.is_unreachable:
        return Outcome(error=error)
    if error.is_already_exists:
        return await _taken(create, deployment, kube)
    if error.is_namespace_terminating:
        return Outcome()  # the Deployment goes with its namespace
    failure = f'Failed to create new replica set "{sets.name(create.body)}": {error}'
    await kube.event(deployment, "Warning", "ReplicaSetCreateError", failure)
    return Outcome(failure=failure, error=error)


async def _taken(create: Create, deployment: dict[str, Any], kube: Kube) -> Outcome:
    namespace = meta.namespace_of(deployment)
    present = await kube.fetch("apps/v1", "replicasets", meta.Key(namespace, sets.name(create.body)))
    if present is None:
        return Outcome(error=RuntimeError("the ReplicaSet that was in the way is gone: try again"))
    ours = meta.is_controlled_by(present, deployment)
    if ours and template.same(present["spec"]["template"], deployment["spec"]["template"]):
        return Outcome()  # made before a restart, and on its way to the cache
    return Outcome(collision=True)
