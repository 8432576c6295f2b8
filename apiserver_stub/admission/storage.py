"""PersistentVolumeClaimResize: a claim may only grow where its class says that volumes can."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds, quantity

Object = dict[str, Any]

_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_NOT_BOUND: Final = "Only bound persistent volume claims can be expanded"
_NOT_EXPANDABLE: Final = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)


class PersistentVolumeClaimResize:
    """See "Expanding Persistent Volumes Claims" of the Kubernetes page on persistent volumes."""

    def __init__(self, view: base.View) -> None:
        self._view = view

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.group_resource == "persistentvolumeclaims"

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (403)."""
        if a.operation != "UPDATE" or a.subresource or a.obj is None or a.old is None:
            return
        if _requested(a.obj) <= _requested(a.old):
            return
        if (a.old.get("status") or {}).get("phase") != "Bound":
            raise status.forbidden(a.resource, a.name, _NOT_BOUND)
        if not self._can_grow(a.obj, a.old):
            raise status.forbidden(a.resource, a.name, _NOT_EXPANDABLE)

    def _can_grow(self, obj: Object, old: Object) -> bool:
        name = _class(obj)
        if not name or name != _class(old):
            return False
        found = self._view.get("storage.k8s.io", "storageclasses", "", name)
        return bool((found or {}).get("allowVolumeExpansion"))


def _requested(claim: Object) -> Any:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return quantity.parse(requests.get("storage", "0"))


def _class(claim: Object) -> str:
    annotations = claim["metadata"].get("annotations") or {}
    return str(annotations.get(_CLASS) or claim["spec"].get("storageClassName") or "")
