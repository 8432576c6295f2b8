"""Deployment: what one round of a rollout writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from operators._kube import meta
from operators._kube.actions import Action, Create, Delete, Event, Patch
from operators.deployment import history, newset, recreate, rolling, scaling, sets

_API, _RESOURCE = "apps/v1", "replicasets"


@dataclass(frozen=True, slots=True)
class Step:
    """One round: perhaps a new ReplicaSet, then changes to existing ones.

    `rollout`: whether the round counts towards the rollout's progress (not when paused, scaled or being deleted).
    """

    create: Create | None = None
    actions: tuple[Action, ...] = ()
    rollout: bool = False


def step(deployment: dict[str, Any], observed: sets.Sets) -> Step:
    """Decides from the present state alone; carried out in full, only what the Pods do can lead to another step."""
    if meta.is_deleting(deployment):
        return Step()
    patch = newset.refresh(deployment, observed) if observed.new is not None else {}
    if deployment["spec"].get("paused"):
        resized = _resize(deployment, observed, scaling.sizes(deployment, observed), patch)
        return Step(actions=(*resized, *_clean_up(deployment, observed)))
    if scaling.wanted(deployment, observed):
        return Step(actions=tuple(_resize(deployment, observed, scaling.sizes(deployment, observed), patch)))
    recreating = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
    if observed.new is None:
        if recreating and not recreate.drained(observed):
            sizes = recreate.sizes(deployment, observed)
            return Step(actions=tuple(_resize(deployment, observed, sizes, {})), rollout=True)
        return Step(create=Create(_API, _RESOURCE, newset.body(deployment, observed)), rollout=True)
    sizes = (recreate if recreating else rolling).sizes(deployment, observed)
    actions = _resize(deployment, observed, sizes, patch)
    if is_complete(deployment, deployment.get("status") or {}):
        actions += _clean_up(deployment, observed)
    return Step(actions=tuple(actions), rollout=True)


def scaled_event(deployment: dict[str, Any], name: str, before: int, after: int) -> Event:
    """The Event that `kubectl describe deployment` shows for each change of a ReplicaSet's size."""
    direction = "up" if after > before else "down"
    message = f"Scaled {direction} replica set {name} from {before} to {after}"
    return Event(deployment, "Normal", "ScalingReplicaSet", message)


def _resize(
    deployment: dict[str, Any], observed: sets.Sets, sizes: dict[str, int], patch_of_new: dict[str, Any]
) -> list[Action]:
    patches: list[Action] = []
    events: list[Action] = []
    for rs in observed.all:
        name, before = sets.name(rs), sets.size(rs)
        body = dict(patch_of_new) if rs is observed.new else {}
        if name in sizes:
            body = _with_size(body, rs, sizes[name], newset.replica_annotations(deployment))
        if body:
            patches.append(_patch(rs, body))
        if sizes.get(name, before) != before:
            events.append(scaled_event(deployment, name, before, sizes[name]))
    return patches + events


def _with_size(body: dict[str, Any], rs: dict[str, Any], size: int, annotations: dict[str, str]) -> dict[str, Any]:
    stale = {key: value for key, value in annotations.items() if sets.annotation(rs, key) != value}
    if stale:
        metadata = body.get("metadata") or {}
        body["metadata"] = {**metadata, "annotations": {**(metadata.get("annotations") or {}), **stale}}
    if size != sets.size(rs):
        body["spec"] = {**(body.get("spec") or {}), "replicas": size}
    return body


def _patch(rs: dict[str, Any], body: dict[str, Any]) -> Patch:
    # The uid makes the patch fail if another ReplicaSet has taken the name meanwhile.
    guarded = {**body, "metadata": {**(body.get("metadata") or {}), "uid": meta.uid_of(rs)}}
    return Patch(_API, _RESOURCE, meta.namespace_of(rs), sets.name(rs), guarded)


def _clean_up(deployment: dict[str, Any], observed: sets.Sets) -> list[Action]:
    return [_delete(rs) for rs in history.surplus(deployment, observed)]


def _delete(rs: dict[str, Any]) -> Delete:
    # resourceVersion: it must not have been scaled up since.
    version = rs["metadata"].get("resourceVersion")
    return Delete(_API, _RESOURCE, meta.namespace_of(rs), sets.name(rs), meta.uid_of(rs), version)


def is_complete(deployment: dict[str, Any], status: dict[str, Any]) -> bool:
    """Whether a status says that every Pod wanted is there, is of the newest template and is available."""
    replicas = deployment["spec"].get("replicas", 1)
    counts = (status.get(field) or 0 for field in ("replicas", "updatedReplicas", "availableReplicas"))
    return all(count == replicas for count in counts) and status.get("observedGeneration", 0) >= meta.generation_of(
        deployment
    )


def claims_everything(deployment: dict[str, Any]) -> bool:
    """An empty selector would take in every Pod of the namespace: such a Deployment is left alone."""
    selector: dict[str, Any] = deployment["spec"].get("selector") or {}
    return not (selector.get("matchLabels") or selector.get("matchExpressions"))
