"""Binder: do a Pod's claims let it run, and where; what binds those that wait for it (pure).

See the Kubernetes pages "Persistent Volumes" and "Storage Classes", "Volume Binding Mode".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from operators._kube import meta, volumes
from operators._kube.meta import Object

_UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
_ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
_NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
_LOST = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
_IN_USE = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)
# The scheduler's own provisioner that makes nothing: volumes of such classes are made by hand.
_MANUAL = "kubernetes.io/no-provisioner"


class Storage:
    """What is known of storage: claims of the Pod's namespace, volumes and classes, each by name."""

    def __init__(self, claims: Iterable[Object], known: Iterable[Object], classes: Iterable[Object]) -> None:
        self.claims: Mapping[str, Object] = {meta.name_of(claim): claim for claim in claims}
        self.volumes: Mapping[str, Object] = {meta.name_of(volume): volume for volume in known}
        self.classes: Mapping[str, Object] = {meta.name_of(class_): class_ for class_ in classes}


@dataclass(frozen=True, slots=True)
class Needs:
    """The claims of a Pod: those that have their volume, and those that get one with the Pod's node.

    `refusal`: why no node will do, in the scheduler's words; "" where some may.
    """

    refusal: str = ""
    bound: tuple[Object, ...] = ()
    delayed: tuple[Object, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done for the Pod's claims on one node: volumes to reserve, claims to have provisioned there.

    `reason`: why the node does not do; "" where it does.
    """

    reason: str = ""
    reserve: tuple[tuple[Object, Object], ...] = field(default=())
    provision: tuple[Object, ...] = ()

    @property
    def is_settled(self) -> bool:
        return not self.reserve and not self.provision


def needs(pod: Object, storage: Storage) -> Needs:
    """Whether the Pod's claims are there and of use."""
    bound, delayed, immediate = [], [], False
    for name, is_own in volumes.claim_names(pod).values():
        claim = storage.claims.get(name)
        if claim is None or (why := _objection(pod, claim, is_own=is_own)):
            return Needs(_missing(name, is_own=is_own) if claim is None else why)
        if volumes.is_fully_bound(claim):
            bound.append(claim)
        elif not claim["spec"].get("volumeName") and volumes.delays_binding(_class_of(claim, storage)):
            delayed.append(claim)
        else:
            immediate = True
    return Needs(_UNBOUND) if immediate else Needs("", tuple(bound), tuple(delayed))


def choose(wanted: Needs, node: Object, storage: Storage) -> Choice:
    """Whether the Pod's claims can be served on a node, and what that takes."""
    for claim in wanted.bound:
        volume = storage.volumes.get(claim["spec"]["volumeName"])
        if volume is None:
            return Choice(_LOST)
        if not volumes.fits_node(volume, node):
            return Choice(_ELSEWHERE)
    reserve, provision, taken = [], [], set[str]()
    # The smallest first, so that a large volume is left for the claim that needs it.
    for claim in sorted(wanted.delayed, key=lambda claim: (volumes.requested(claim), meta.name_of(claim))):
        selected = meta.annotations_of(claim).get(volumes.SELECTED_NODE)
        if selected and selected != meta.name_of(node):
            return Choice(_NO_VOLUME)  # its volume is being made elsewhere
        found = None if selected else volumes.find(claim, storage.volumes.values(), node=node, taken=taken)
        if found is not None:
            taken.add(meta.name_of(found))
            reserve.append((claim, found))
        elif not _can_provision(claim, node, storage):
            return Choice(_NO_VOLUME)
        else:
            provision.append(claim)
    return Choice("", tuple(reserve), tuple(provision))


def in_use(pod: Object, others: Collection[Object], storage: Storage) -> str:
    """Why the Pod must wait for another to leave: they share a claim that is for one Pod alone. "" if it need not."""
    mine = {name for name, _ in volumes.claim_names(pod).values() if _is_for_one_pod(storage.claims.get(name))}
    if not mine:
        return ""
    near = [o for o in others if meta.namespace_of(o) == meta.namespace_of(pod) and meta.uid_of(o) != meta.uid_of(pod)]
    used = {name for other in near for name, _ in volumes.claim_names(other).values()}
    return _IN_USE if mine & used else ""


def reserved(volume: Object, claim: Object) -> Object:
    """The volume with the claim in it, for the PersistentVolume controller to complete."""
    if (volume["spec"].get("claimRef") or {}).get("uid") == meta.uid_of(claim):
        return volume
    by_controller = not volumes.is_for(volume, claim)
    annotations = {**meta.annotations_of(volume), **({volumes.BOUND_BY_CONTROLLER: "yes"} if by_controller else {})}
    metadata = {**volume["metadata"], **({"annotations": annotations} if annotations else {})}
    return {**volume, "metadata": metadata, "spec": {**volume["spec"], "claimRef": meta.object_reference(claim)}}


def selected(claim: Object, node: str) -> Object:
    """The claim that tells its provisioner where the volume is needed."""
    annotations = {**meta.annotations_of(claim), volumes.SELECTED_NODE: node}
    return {**claim, "metadata": {**claim["metadata"], "annotations": annotations}}


def _missing(name: str, *, is_own: bool) -> str:
    if is_own:
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    return f'persistentvolumeclaim "{name}" not found'


def _objection(pod: Object, claim: Object, *, is_own: bool) -> str:
    name = meta.name_of(claim)
    if (claim.get("status") or {}).get("phase") == "Lost":
        volume = claim["spec"].get("volumeName") or ""
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if meta.is_deleting(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    if is_own and not meta.is_controlled_by(claim, pod):
        return f"PVC {meta.key_of(claim)} was not created for pod {meta.key_of(pod)} (pod is not owner)"
    return ""


def _can_provision(claim: Object, node: Object, storage: Storage) -> bool:
    class_ = _class_of(claim, storage)
    if class_ is None or class_.get("provisioner") in (None, "", _MANUAL):
        return False
    topologies = class_.get("allowedTopologies") or ()
    labels = meta.labels_of(node)
    return not topologies or any(
        all(
            labels.get(expression["key"]) in (expression.get("values") or ())
            for expression in topology.get("matchLabelExpressions") or ()
        )
        for topology in topologies
    )


def _class_of(claim: Object, storage: Storage) -> Object | None:
    return storage.classes.get(volumes.class_of(claim))


def _is_for_one_pod(claim: Object | None) -> bool:
    return claim is not None and "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ())
