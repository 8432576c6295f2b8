"""Which claims a Pod's generic ephemeral volumes need (pure).

See the Kubernetes page "Ephemeral Volumes", "Generic ephemeral volumes".
"""

from __future__ import annotations

from collections.abc import Iterator

from operators._kube import meta
from operators._kube.meta import Object

_ENDED = ("Succeeded", "Failed")


def reduced(obj: Object) -> Object:
    """What this operator keeps of a Pod or a claim: it sees all of them and needs little of each."""
    small: Object = {name: obj[name] for name in ("apiVersion", "kind", "metadata") if name in obj}
    if wanted := list(_ephemeral(obj)):
        small["spec"] = {"volumes": wanted}
        small["status"] = {"phase": (obj.get("status") or {}).get("phase")}
    return small


def templates(pod: Object) -> Iterator[tuple[str, Object]]:
    """Name and template of each claim that the Pod needs; none once it is going or has ended."""
    if meta.is_deleting(pod) or (pod.get("status") or {}).get("phase") in _ENDED:
        return
    for volume in _ephemeral(pod):
        yield claim_name(pod, volume), volume["ephemeral"].get("volumeClaimTemplate") or {}


def claim_name(pod: Object, volume: Object) -> str:
    return f"{meta.name_of(pod)}-{volume['name']}"


def claim(pod: Object, name: str, template: Object) -> Object:
    """The claim, which goes with the Pod."""
    given = template.get("metadata") or {}
    metadata = {part: given[part] for part in ("labels", "annotations") if given.get(part)}
    metadata |= {"name": name, "namespace": meta.namespace_of(pod), "ownerReferences": [meta.owner_reference(pod)]}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
    return {**body, "spec": template.get("spec") or {}}


def objection(pod: Object, present: Object) -> str | None:
    """Why a claim that is there already is not the Pod's; None if it is."""
    if meta.is_controlled_by(present, pod):
        return None
    where = f"{meta.namespace_of(present)}/{meta.name_of(present)}"
    return f"PVC {where} was not created for pod {meta.key_of(pod)} (pod is not owner)"


def _ephemeral(obj: Object) -> Iterator[Object]:
    for volume in (obj.get("spec") or {}).get("volumes") or ():
        if volume.get("ephemeral") is not None:
            yield volume
