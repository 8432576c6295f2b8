"""Checks between a decoded object and its validation that look at other objects (admission)."""

from typing import Any

from apiserver_stub.meta import status
from apiserver_stub.schema import kinds
from apiserver_stub.storage.log import Key, Log

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class Admission:
    """NamespaceLifecycle: nothing is created in a namespace that is missing or going away."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def create(self, resource: kinds.Resource, obj: dict[str, Any], namespace: str) -> None:
        """Raises StatusError (404, 403)."""
        if not resource.namespaced or resource.name.endswith("reviews"):
            return
        entry = self._log.head(Key("", "namespaces", "", namespace))
        if entry is None:
            raise status.not_found(("", "namespaces"), namespace)
        # Looked for in the bytes first: nearly every namespace is alive.
        if b'"deletionTimestamp"' in entry.value and entry.decode()["metadata"].get("deletionTimestamp"):
            raise self._terminating(resource, obj["metadata"].get("name", ""), namespace)

    def delete(self, resource: kinds.Resource, name: str) -> None:
        """Raises StatusError (403)."""
        if resource.name == "namespaces" and not resource.group and name in IMMORTAL:
            raise status.forbidden(resource, name, "this namespace may not be deleted")

    @staticmethod
    def _terminating(resource: kinds.Resource, name: str, namespace: str) -> status.StatusError:
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        message = f"unable to create new content in namespace {namespace} because it is being terminated"
        return status.forbidden(resource, name, message, [cause])
