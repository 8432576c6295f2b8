"""What becomes of a claim: the volume that it gets, what it waits for, how it was lost (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from operators._kube import meta, volumes
from operators._kube.actions import EventType
from operators._kube.meta import Object

IN_TREE = "kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Notice:
    """An Event."""

    type: EventType
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Bind:
    """The claim gets this volume, or has it and both must say so."""

    volume: Object


@dataclass(frozen=True, slots=True)
class Rest:
    """The claim stays in, or comes into, `phase`: Pending or Lost. `once`: the Event tells of the change of phase."""

    phase: str
    notice: Notice | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class AwaitPod:
    """The claim waits until a Pod that uses it is given a node."""


@dataclass(frozen=True, slots=True)
class Assign:
    """The claim named no class, and there is a default one now."""

    class_name: str


@dataclass(frozen=True, slots=True)
class Provision:
    """A volume is to be made by the provisioner of this name."""

    provisioner: str


Decision = Bind | Rest | AwaitPod | Assign | Provision


def claim(claim: Object, known: Mapping[str, Object], classes: Mapping[str, Object]) -> Decision:
    """`known`: volumes by name; `classes`: StorageClasses by name."""
    if volumes.BIND_COMPLETED in meta.annotations_of(claim):
        return _bound(claim, known)
    if name := claim["spec"].get("volumeName"):
        return _asks_for(claim, name, known.get(name))
    is_delayed = volumes.delays_binding(classes.get(volumes.class_of(claim)))
    found = volumes.find(claim, known.values(), is_delayed=is_delayed)
    return Bind(found) if found is not None else _unmatched(claim, classes, is_delayed=is_delayed)


def awaited(pods: Iterable[Object], claim: Object) -> Notice:
    """What a claim waits for that is bound with its first Pod. `pods`: of its namespace."""
    name = meta.name_of(claim)
    waiting = sorted(
        meta.name_of(pod)
        for pod in pods
        if not pod["spec"].get("nodeName") and name in {used for used, _ in volumes.claim_names(pod).values()}
    )
    if not waiting:
        text = "waiting for first consumer to be created before binding"
        return Notice("Normal", "WaitForFirstConsumer", text)
    pods_text = "pods" if len(waiting) > 1 else "pod"
    return Notice("Normal", "WaitForPodScheduled", f"waiting for {pods_text} {','.join(waiting)} to be scheduled")


def external(provisioner: str) -> Notice:
    text = (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
        "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
        "correctly registered."
    )
    return Notice("Normal", "ExternalProvisioning", text)


def stunted(claim: Object, volume: Object) -> Notice | None:
    """What to say about a bound claim that asks for more than it has, where nobody here lets its volume grow."""
    shown = {"spec": {"capacity": (claim.get("status") or {}).get("capacity")}}
    is_bound = volumes.is_fully_bound(claim) and (claim.get("status") or {}).get("phase") == "Bound"
    if not is_bound or volumes.requested(claim) <= volumes.capacity(shown):
        return None
    if volumes.PROVISIONED_BY in meta.annotations_of(volume) or volumes.capacity(volume) >= volumes.requested(claim):
        return None
    text = (
        "didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC"
    )
    return Notice("Warning", "ExternalExpanding", f"Ignoring the PVC: {text}.")


def _bound(claim: Object, known: Mapping[str, Object]) -> Decision:
    name = claim["spec"].get("volumeName")
    if not name:
        return _lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
    volume = known.get(name)
    if volume is None:
        return _lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
    owner = (volume["spec"].get("claimRef") or {}).get("uid")
    if volume["spec"].get("claimRef") and owner != meta.uid_of(claim):
        text = "Two claims are bound to the same volume, this one is bound incorrectly"
        return _lost("ClaimMisbound", text)
    return Bind(volume)


def _lost(reason: str, message: str) -> Rest:
    return Rest("Lost", Notice("Warning", reason, message), once=True)


def _asks_for(claim: Object, name: str, volume: Object | None) -> Decision:
    if volume is None:
        return Rest("Pending")
    if volume["spec"].get("claimRef"):
        if volumes.is_for(volume, claim):
            return Bind(volume)
        text = f'volume "{name}" already bound to a different claim.'
        return Rest("Pending", Notice("Warning", "FailedBinding", text))
    if why := volumes.objection(volume, claim):
        text = f'Cannot bind to requested volume "{name}": {why}'
        return Rest("Pending", Notice("Warning", "VolumeMismatch", text))
    return Bind(volume)


def _unmatched(claim: Object, classes: Mapping[str, Object], *, is_delayed: bool) -> Decision:
    if not volumes.names_class(claim) and (default := volumes.default_class(classes.values())) is not None:
        return Assign(meta.name_of(default))
    if is_delayed and volumes.SELECTED_NODE not in meta.annotations_of(claim):
        return AwaitPod()
    name = volumes.class_of(claim)
    if not name:
        text = "no persistent volumes available for this claim and no storage class is set"
        return Rest("Pending", Notice("Normal", "FailedBinding", text))
    found = classes.get(name)
    if found is None:
        text = f'storageclass.storage.k8s.io "{name}" not found'
        return Rest("Pending", Notice("Warning", "ProvisioningFailed", text))
    provisioner = str(found.get("provisioner") or "")
    if provisioner.startswith(IN_TREE):
        text = f"no volume plugin matched name: {provisioner}"
        return Rest("Pending", Notice("Warning", "ProvisioningFailed", text))
    return Provision(provisioner)


def competing(volume: Object, claims: Sequence[Object]) -> list[meta.Key]:
    """The claims that news of a volume may concern: those it is for, those that ask for it, all that wait for one."""
    name, key = meta.name_of(volume), volumes.claim_key(volume)
    return [
        meta.key_of(claim)
        for claim in claims
        if meta.key_of(claim) == key
        or claim["spec"].get("volumeName") == name
        or (not claim["spec"].get("volumeName") and volumes.class_of(claim) == volumes.class_of(volume))
    ]
