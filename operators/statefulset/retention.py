"""persistentVolumeClaimRetentionPolicy: with whom the claims go (pure).

See the Kubernetes page "StatefulSets", "PersistentVolumeClaim retention".
"""

from __future__ import annotations

from operators._kube import meta
from operators._kube.actions import Patch
from operators._kube.meta import Object


def patches(set_: Object, pod: Object, claims: list[Object], *, is_condemned: bool) -> list[Patch]:
    """The owner references of a Pod's claims, where they are not as the policy has them."""
    found = []
    for claim in claims:
        owners = _owners(set_, pod, claim, is_condemned=is_condemned)
        if owners != meta.owners_of(claim) and not _is_anothers(set_, pod, claim):
            guard = {"uid": meta.uid_of(claim), "resourceVersion": claim["metadata"].get("resourceVersion")}
            body = {"metadata": {**guard, "ownerReferences": owners or None}}
            key = meta.key_of(claim)
            found.append(Patch("v1", "persistentvolumeclaims", key.namespace, key.name, body))
    return found


def of_set(set_: Object) -> list[Object]:
    """The owner references of a claim that is made for a Pod that is to stay."""
    return [meta.owner_reference(set_)] if _policy(set_, "whenDeleted") == "Delete" else []


def _owners(set_: Object, pod: Object, claim: Object, *, is_condemned: bool) -> list[Object]:
    kept = [owner for owner in meta.owners_of(claim) if owner.get("uid") not in (meta.uid_of(set_), meta.uid_of(pod))]
    if is_condemned and _policy(set_, "whenScaled") == "Delete":
        whole = {"apiVersion": "v1", "kind": "Pod", **pod}
        return [*kept, meta.owner_reference(whole)]
    return kept + of_set(set_)


def _is_anothers(set_: Object, pod: Object, claim: Object) -> bool:
    controller = meta.controller_of(claim)
    return controller is not None and controller.get("uid") not in (meta.uid_of(set_), meta.uid_of(pod))


def _policy(set_: Object, when: str) -> str:
    policy = set_["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return str(policy.get(when) or "Retain")
