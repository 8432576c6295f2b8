"""The new ReplicaSet of a Deployment: its body when it is created, its revision and annotations afterwards."""

from __future__ import annotations

import copy
from typing import Any

from operators._kube import hash as template_hash
from operators.deployment import limits, rolling, sets, template

# Annotations of the Deployment that say something about the Deployment only.
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        sets.REVISION,
        sets.REVISION_HISTORY,
        sets.DESIRED,
        sets.MAX,
    }
)
_HISTORY_CHARACTERS = 2000


def replica_annotations(deployment: dict[str, Any]) -> dict[str, str]:
    """What the size of a ReplicaSet was decided from; proportional scaling reads it back."""
    wanted = limits.of(deployment)
    return {sets.DESIRED: str(wanted.replicas), sets.MAX: str(wanted.most)}


def body(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, Any]:
    """The ReplicaSet for the present template, sized as far as the strategy allows at once."""
    spec = deployment["spec"]
    pods = copy.deepcopy(spec["template"])
    code = template_hash.of_object(
        template.comparable(spec["template"]), (deployment.get("status") or {}).get("collisionCount")
    )
    labels = {**((pods.get("metadata") or {}).get("labels") or {}), template.HASH_LABEL: code}
    pods["metadata"] = {**(pods.get("metadata") or {}), "labels": labels}
    selector = copy.deepcopy(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), template.HASH_LABEL: code}
    wanted = {
        "replicas": rolling.new_size(deployment, observed),
        "selector": selector,
        "template": pods,
    }
    if spec.get("minReadySeconds"):
        wanted["minReadySeconds"] = spec["minReadySeconds"]
    annotations = {
        **_copied(deployment),
        sets.REVISION: str(sets.latest_revision(observed.old) + 1),
        **replica_annotations(deployment),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{deployment['metadata']['name']}-{code}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": dict(labels),
            "annotations": annotations,
        },
        "spec": wanted,
    }


def refresh(deployment: dict[str, Any], observed: sets.Sets) -> dict[str, Any]:
    """A merge patch that brings an existing new ReplicaSet up to date; {} if nothing differs.

    Annotations of the Deployment are copied onto it, a rollback makes it the newest revision again (its former
    numbers are kept in the revision-history annotation), and minReadySeconds follows the Deployment.
    """
    new = observed.new
    assert new is not None
    present = new["metadata"].get("annotations") or {}
    annotations = {key: value for key, value in _copied(deployment).items() if present.get(key) != value}
    annotations |= _renumbered(new, sets.latest_revision(observed.old) + 1)
    patch: dict[str, Any] = {}
    if annotations:
        patch["metadata"] = {"annotations": annotations}
    if new["spec"].get("minReadySeconds", 0) != deployment["spec"].get("minReadySeconds", 0):
        patch["spec"] = {"minReadySeconds": deployment["spec"].get("minReadySeconds", 0)}
    return patch


def _copied(deployment: dict[str, Any]) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _NOT_COPIED}


def _renumbered(new: dict[str, Any], revision: int) -> dict[str, str]:
    former = sets.annotation(new, sets.REVISION)
    if former and sets.number(former) is None:
        return {}  # somebody wrote nonsense there: leave it to them
    if (sets.number(former) or 0) >= revision:
        return {}
    changed = {sets.REVISION: str(revision)}
    if former is not None:
        changed[sets.REVISION_HISTORY] = _history(sets.annotation(new, sets.REVISION_HISTORY) or "", former)
    return changed


def _history(former: str, revision: str) -> str:
    numbers = [*filter(None, former.split(",")), revision]
    while len(numbers) > 1 and len(",".join(numbers)) > _HISTORY_CHARACTERS:
        del numbers[0]
    return ",".join(numbers)
