"""What a claim and a volume look like when they belong to each other, and when they no longer do (pure)."""

from __future__ import annotations

from typing import Any

from operators._kube import meta, volumes
from operators._kube.meta import Object


def volume_for(volume: Object, claim: Object) -> Object:
    """The volume with the claim in it; marked as our choice unless it was reserved for the claim before."""
    reference = {name: value for name, value in meta.object_reference(claim).items() if name != "fieldPath"}
    present = volume["spec"].get("claimRef") or {}
    if all(present.get(name) == reference[name] for name in ("namespace", "name", "uid")):
        reference = present
    bound = {**volume, "spec": {**volume["spec"], "claimRef": reference}}
    return bound if volumes.is_for(volume, claim) else _annotated(bound, volumes.BOUND_BY_CONTROLLER)


def claim_for(claim: Object, volume: Object) -> Object:
    """The claim with the volume's name; marked as our choice unless it had asked for that one."""
    name = meta.name_of(volume)
    bound = {**claim, "spec": {**claim["spec"], "volumeName": name}}
    if claim["spec"].get("volumeName") != name:
        bound = _annotated(bound, volumes.BOUND_BY_CONTROLLER)
    return _annotated(bound, volumes.BIND_COMPLETED)


def unbound(volume: Object) -> Object:
    """The volume without the claim; one that a user has reserved stays reserved by name."""
    annotations = dict(meta.annotations_of(volume))
    if annotations.pop(volumes.BOUND_BY_CONTROLLER, None) is None:
        reference = {name: value for name, value in volume["spec"]["claimRef"].items() if name != "uid"}
        return {**volume, "spec": {**volume["spec"], "claimRef": reference}}
    metadata = {name: value for name, value in volume["metadata"].items() if name != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    spec = {name: value for name, value in volume["spec"].items() if name != "claimRef"}
    return {**volume, "metadata": metadata, "spec": spec}


def with_class(claim: Object, name: str) -> Object:
    return {**claim, "spec": {**claim["spec"], "storageClassName": name}}


def with_provisioner(claim: Object, name: str) -> Object:
    """The claim that tells a provisioner it is its turn; both spellings are written, as upstream does."""
    return _annotated(_annotated(claim, volumes.BETA_PROVISIONER, name), volumes.PROVISIONER, name)


def _annotated(obj: Object, name: str, value: str = "yes") -> dict[str, Any]:
    present = meta.annotations_of(obj)
    if name in present and value in ("yes", present[name]):
        return obj
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**present, name: value}}}
