"""Claims for devices: none can be allocated here, no driver offers any (pure).

See the Kubernetes page "Dynamic Resource Allocation".
"""

from __future__ import annotations

from collections.abc import Mapping

from operators._kube import meta
from operators._kube.meta import Object
from operators.binder.cluster import Refusal

CANNOT = Refusal(("cannot allocate all claims",), final=True)


def claim_names(pod: Object) -> dict[str, str | None]:
    """By the Pod's own name for it: the ResourceClaim; None: its template has none yet; "": none is needed."""
    made = {entry["name"]: entry for entry in (pod.get("status") or {}).get("resourceClaimStatuses") or ()}
    found: dict[str, str | None] = {}
    for claim in pod["spec"].get("resourceClaims") or ():
        if claim.get("resourceClaimName"):
            found[claim["name"]] = claim["resourceClaimName"]
        else:
            entry = made.get(claim["name"])
            found[claim["name"]] = None if entry is None else entry.get("resourceClaimName") or ""
    return found


def missing(pod: Object, claims: Mapping[str, Object]) -> str:
    """Which claim is waited for, in the scheduler's words; "" if all are there. claims: those there are, by name."""
    for name in claim_names(pod).values():
        if name is None:
            return f'pod "{meta.key_of(pod)}": ResourceClaim not created yet'
        if not name:
            continue
        if name not in claims:
            return f'could not find ResourceClaim "{meta.namespace_of(pod)}/{name}": object not found'
        if meta.is_deleting(claims[name]):
            return f'resourceclaim "{name}" is being deleted'
    return ""


def refused(pod: Object) -> Refusal | None:
    """On every node, once all claims are there."""
    return CANNOT if any(claim_names(pod).values()) else None
