"""The strategy that every kind starts from: defaults by definition, and a look at other objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from apiserver_stub.registry import tables
from apiserver_stub.registry.strategy import Strategy
from apiserver_stub.schema import kinds, openapi, plan

Object = dict[str, Any]

# Kinds that count generations though they have no status of their own, and those that don't though they have.
_COUNTED: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "discovery.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networkpolicies.networking.k8s.io",
        "podtemplates",
        "priorityclasses.scheduling.k8s.io",
        "deviceclasses.resource.k8s.io",
        "resourceslices.resource.k8s.io",
    }
)
_UNCOUNTED: Final = frozenset(
    {
        "apiservices.apiregistration.k8s.io",
        "certificatesigningrequests.certificates.k8s.io",
        "horizontalpodautoscalers.autoscaling",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "resourceclaims.resource.k8s.io",
        "resourcequotas",
        "services",
        "volumeattachments.storage.k8s.io",
    }
)
# What a write through a subresource can't change, where it is more than the spec.
_RESET: Final = {
    ("certificatesigningrequests.certificates.k8s.io", "approval"): (("spec",), ("status", "certificate")),
    ("certificatesigningrequests.certificates.k8s.io", "status"): (("spec",), ("status", "conditions")),
    ("customresourcedefinitions.apiextensions.k8s.io", "status"): (("metadata",), ("spec",)),
    ("deployments.apps", "status"): (("spec",), ("metadata", "labels")),
    ("pods", "status"): (("spec",), ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")),
    ("volumeattachments.storage.k8s.io", "status"): (("metadata",), ("spec",)),
}
_RETURNS_DELETED: Final = frozenset({"podtemplates", "resourcequotas", "services"})


class View(Protocol):
    """What a strategy may see of other objects: the newest state, writes on their way included. Don't change it."""

    # Admission plug-ins that are switched off.
    off: frozenset[str]

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None: ...

    def list(self, group: str, plural: str) -> Iterable[Object]: ...


class NoView:
    """A view of nothing."""

    off: frozenset[str] = frozenset()

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        return None

    def list(self, group: str, plural: str) -> Iterable[Object]:
        return ()


class Kind(Strategy):
    """Any kind: upstream's defaults, no validation beyond the schema's.

    issues_tokens: whether this server issues ServiceAccount tokens, so that Pods can be given a volume with one.
    """

    issues_tokens = False

    def __init__(self, resource: kinds.Resource, view: View) -> None:
        super().__init__(resource)
        self.view = view
        if resource.group_resource in _RETURNS_DELETED:
            self.returns_deleted = True
        self._node = openapi.node_for(resource)
        self._counted = not {resource.group_resource, resource.group} & _UNCOUNTED and (
            self.status_subresource or bool({resource.group_resource, resource.group} & _COUNTED)
        )

    def default(self, obj: Object) -> None:
        # Objects that the server makes itself may lack a spec.
        if self._node.type == "object":
            plan.plan_for(self._node).fill(obj)
        tables.DEFAULTER.apply(self._node, obj)

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        if self.status_subresource:
            # The status comes back as Go would encode an empty one.
            tables.empty_status(self._node, obj)

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        if self._counted and "spec" not in obj and _content(obj) != _content(old):
            obj["metadata"]["generation"] = int(old["metadata"].get("generation", 0)) + 1

    def has_generation(self, obj: Object) -> bool:
        return self._counted

    def reset_fields(self, subresource: str) -> tuple[tuple[str, ...], ...]:
        known = _RESET.get((self.resource.group_resource, subresource))
        return super().reset_fields(subresource) if known is None else known


def _content(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if name not in ("metadata", "status")}
