"""NamespaceLifecycle: nothing is created in a namespace that is missing or going away, and some never go."""

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle:
    """See "NamespaceLifecycle" of the Kubernetes page on admission controllers."""

    def __init__(self, view: base.View) -> None:
        self._view = view

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.namespaced or resource.group_resource == "namespaces"

    def admit(self, a: Attributes) -> None:
        """Raises StatusError (403, 404)."""
        if a.operation == "DELETE" and a.name in IMMORTAL and a.resource.group_resource == "namespaces":
            raise status.forbidden(a.resource, a.name, "this namespace may not be deleted")
        if a.operation != "CREATE" or not a.resource.namespaced or a.resource.name.endswith("reviews"):
            return
        namespace = self._view.get("", "namespaces", "", a.namespace)
        if namespace is None:
            raise status.not_found(("", "namespaces"), a.namespace)
        if namespace["metadata"].get("deletionTimestamp"):
            raise _terminating(a)


def _terminating(a: Attributes) -> status.StatusError:
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {a.namespace} is being terminated",
        "field": "metadata.namespace",
    }
    message = f"unable to create new content in namespace {a.namespace} because it is being terminated"
    return status.forbidden(a.resource, a.name, message, [cause])
