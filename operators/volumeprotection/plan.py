"""Whether a claim or a volume that is being deleted may go, and what takes its protection off. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operators._kube.meta import Object

CLAIM = "kubernetes.io/pvc-protection"
VOLUME = "kubernetes.io/pv-protection"
_ENDED = ("Succeeded", "Failed")


def is_held(obj: Object, finalizer: str) -> bool:
    """Whether the object is being deleted, and this finalizer keeps it."""
    meta = obj["metadata"]
    return bool(meta.get("deletionTimestamp")) and finalizer in (meta.get("finalizers") or ())


def is_used(claim: Object, pods: Iterable[Object]) -> bool:
    """Whether a Pod that has a node and has not ended uses the claim; see "Storage Object in Use Protection"."""
    name = claim["metadata"]["name"]
    return any(name in claims_of(pod) for pod in pods if _is_live(pod))


def _is_live(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName")) and (pod.get("status") or {}).get("phase") not in _ENDED


def claims_of(pod: Object) -> set[str]:
    """Names of the claims that a Pod's volumes are made of; generic ephemeral volumes have one of their own."""
    found = set()
    for volume in pod["spec"].get("volumes") or ():
        source = volume.get("persistentVolumeClaim")
        if source is not None:
            found.add(str(source.get("claimName")))
        elif volume.get("ephemeral") is not None:
            found.add(f"{pod['metadata']['name']}-{volume['name']}")
    return found


def is_bound(volume: Object) -> bool:
    return (volume.get("status") or {}).get("phase") == "Bound"


def released(obj: Object, finalizer: str) -> dict[str, Any]:
    """A merge patch; it fails when the object has changed meanwhile."""
    meta = obj["metadata"]
    kept = [name for name in meta["finalizers"] if name != finalizer]
    return {"metadata": {"resourceVersion": meta["resourceVersion"], "finalizers": kept}}
