"""Whether a claim or a volume that is being deleted may go, and what gives and takes its protection (pure).

See the Kubernetes page "Persistent Volumes", "Storage Object in Use Protection".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operators._kube import meta, volumes
from operators._kube.meta import Object

CLAIM = "kubernetes.io/pvc-protection"
VOLUME = "kubernetes.io/pv-protection"


def is_held(obj: Object, finalizer: str) -> bool:
    """Whether the object is being deleted, and this finalizer keeps it."""
    return meta.is_deleting(obj) and meta.has_finalizer(obj, finalizer)


def is_bare(obj: Object, finalizer: str) -> bool:
    """Whether the object lacks the protection that it should have."""
    return not meta.is_deleting(obj) and not meta.has_finalizer(obj, finalizer)


def is_used(claim: Object, pods: Iterable[Object]) -> bool:
    """Whether a Pod that has a node names the claim: as long as there is the Pod, whether it has ended or not."""
    return any(_uses(pod, claim) for pod in pods if pod["spec"].get("nodeName"))


def _uses(pod: Object, claim: Object) -> bool:
    for name, is_own in volumes.claim_names(pod).values():
        # A Pod that waits for its own claim to go, and is ready to go itself, must not keep it.
        if name == meta.name_of(claim) and (
            not is_own or (meta.is_controlled_by(claim, pod) and not _is_shut_down(pod))
        ):
            return True
    return False


def _is_shut_down(pod: Object) -> bool:
    return meta.is_deleting(pod) and meta.metadata(pod).get("deletionGracePeriodSeconds") == 0


def is_bound(volume: Object) -> bool:
    return (volume.get("status") or {}).get("phase") == "Bound"


def released(obj: Object, finalizer: str) -> dict[str, Any]:
    """A merge patch; it fails when the object has changed meanwhile."""
    return _finalizers(obj, [name for name in obj["metadata"]["finalizers"] if name != finalizer])


def protected(obj: Object, finalizer: str) -> dict[str, Any]:
    """A merge patch; it fails when the object has changed meanwhile."""
    return _finalizers(obj, [*(obj["metadata"].get("finalizers") or ()), finalizer])


def _finalizers(obj: Object, names: list[str]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": obj["metadata"]["resourceVersion"], "finalizers": names}}
