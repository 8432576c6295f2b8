"""Claims, volumes and their classes, as the operators that deal with storage read them (pure).

See the Kubernetes page "Persistent Volumes".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from operators._kube import meta, nodeselectors, quantity, selectors
from operators._kube.meta import Object

# Annotations that Kubernetes itself writes.
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
MIGRATED_TO = "pv.kubernetes.io/migrated-to"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
IS_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"

_CLASS = "volume.beta.kubernetes.io/storage-class"
_BETA_IS_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
_HOST_NAME = "kubernetes.io/hostname"


def class_of(obj: Mapping[str, Any]) -> str:
    """The name of the class of a claim or a volume; "" for none."""
    return meta.annotations_of(obj).get(_CLASS) or obj["spec"].get("storageClassName") or ""


def names_class(claim: Mapping[str, Any]) -> bool:
    """Whether a claim says which class it wants; "" is one that says: none."""
    return _CLASS in meta.annotations_of(claim) or claim["spec"].get("storageClassName") is not None


def default_class(classes: Iterable[Object]) -> Object | None:
    """The newest of those that are marked as default, by name where they are of one age."""
    marked = [found for found in classes if _is_default(found)]
    newest = max((found["metadata"].get("creationTimestamp") or "" for found in marked), default="")
    equal = [found for found in marked if (found["metadata"].get("creationTimestamp") or "") == newest]
    return min(equal, key=meta.name_of, default=None)


def _is_default(found: Object) -> bool:
    annotations = meta.annotations_of(found)
    return "true" in (annotations.get(IS_DEFAULT_CLASS), annotations.get(_BETA_IS_DEFAULT_CLASS))


def delays_binding(found: Mapping[str, Any] | None) -> bool:
    """Whether claims of a class wait for the first Pod that uses them."""
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def requested(claim: Mapping[str, Any]) -> Decimal:
    """In bytes."""
    return _amount((claim["spec"].get("resources") or {}).get("requests"))


def capacity(volume: Mapping[str, Any]) -> Decimal:
    """In bytes."""
    return _amount(volume["spec"].get("capacity"))


def mode_of(obj: Mapping[str, Any]) -> str:
    """ "Filesystem" or "Block"."""
    return obj["spec"].get("volumeMode") or "Filesystem"


def is_fully_bound(claim: Mapping[str, Any]) -> bool:
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in meta.annotations_of(claim)


def claim_key(volume: Mapping[str, Any]) -> meta.Key | None:
    """Of the claim that a volume is for."""
    reference = volume["spec"].get("claimRef")
    return meta.Key(reference.get("namespace") or "", reference.get("name") or "") if reference else None


def is_for(volume: Mapping[str, Any], claim: Mapping[str, Any]) -> bool:
    """Whether a volume is reserved for a claim, by name or by UID too."""
    if claim_key(volume) != meta.key_of(claim):
        return False
    return volume["spec"]["claimRef"].get("uid") in (None, "", meta.uid_of(claim))


def fits_node(volume: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether a volume can be reached from a node."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or nodeselectors.matches(required, node)


def host_affinity(host_name: str) -> Object:
    """The node affinity of a volume that is on one node; `host_name`: that node's label kubernetes.io/hostname."""
    expression = {"key": _HOST_NAME, "operator": "In", "values": [host_name]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


def host_name(node: Mapping[str, Any]) -> str:
    return meta.labels_of(node).get(_HOST_NAME) or meta.name_of(node)


def find(
    claim: Object,
    volumes: Iterable[Object],
    *,
    node: Object | None = None,
    is_delayed: bool = False,
    taken: Collection[str] = (),
) -> Object | None:
    """The volume for a claim: one that is reserved for it, else the smallest that fits, with the fewest access modes.

    node: the volume must be reachable from it (the scheduler asks). is_delayed: only a reserved one will do, since the
    scheduler chooses among the rest. taken: names of volumes that are out of the question.
    """
    fitting = [v for v in volumes if meta.name_of(v) not in taken and _could_be(v, claim)]
    fitting = [v for v in fitting if not meta.is_deleting(v)]
    reserved = next((volume for volume in fitting if is_for(volume, claim)), None)
    if reserved is not None:
        return reserved if node is None or fits_node(reserved, node) else None
    if is_delayed and node is None:
        return None
    free = [volume for volume in fitting if _is_free(volume, claim) and (node is None or fits_node(volume, node))]
    return min(free, key=lambda v: (len(_modes(v)), _modes(v), capacity(v), meta.name_of(v)), default=None)


def objection(volume: Object, claim: Object) -> str | None:
    """Why a volume that a claim asks for by name cannot be its, in Kubernetes' words; None if it can."""
    if meta.is_deleting(volume):
        return f'the volume is marked for deletion "{meta.name_of(volume)}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _attributes_class(volume) != _attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if mode_of(volume) != mode_of(claim):
        return "incompatible volumeMode"
    return None if _has_modes(volume, claim) else "incompatible accessMode"


def claim_names(pod: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """By volume: the name of the claim it is made of, and whether it is the Pod's own (generic ephemeral)."""
    found = {}
    for volume in pod["spec"].get("volumes") or ():
        if (source := volume.get("persistentVolumeClaim")) is not None:
            found[str(volume["name"])] = str(source.get("claimName") or ""), False
        elif volume.get("ephemeral") is not None:
            found[str(volume["name"])] = f"{meta.name_of(pod)}-{volume['name']}", True
    return found


def _could_be(volume: Object, claim: Object) -> bool:
    if volume["spec"].get("claimRef") and not is_for(volume, claim):
        return False
    return capacity(volume) >= requested(claim) and mode_of(volume) == mode_of(claim) and _has_modes(volume, claim)


def _is_free(volume: Object, claim: Object) -> bool:
    selector = claim["spec"].get("selector")
    return (
        (volume.get("status") or {}).get("phase") == "Available"
        and (selector is None or selectors.matches(selector, meta.labels_of(volume)))
        and class_of(volume) == class_of(claim)
        and _attributes_class(volume) == _attributes_class(claim)
    )


def _has_modes(volume: Object, claim: Object) -> bool:
    return set(claim["spec"].get("accessModes") or ()) <= set(_modes(volume))


def _modes(volume: Object) -> Sequence[str]:
    return sorted(volume["spec"].get("accessModes") or ())


def _attributes_class(obj: Object) -> str:
    return obj["spec"].get("volumeAttributesClassName") or ""


def _amount(amounts: Mapping[str, Any] | None) -> Decimal:
    try:
        return quantity.parse((amounts or {}).get("storage") or "0")
    except ValueError:
        return Decimal(0)  # the API does not let such an object in
