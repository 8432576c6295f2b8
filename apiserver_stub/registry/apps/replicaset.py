"""ReplicaSet: selector, template and the counts of its status."""

from __future__ import annotations

from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.apps import template
from apiserver_stub.registry.podspec import warnings

Object = base.Object


class ReplicaSets(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = formats.not_negative("spec.replicas", spec.get("replicas"))
        out += formats.not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        out += template.validate_selector(spec, "replicaset")
        return out + template.validate(spec)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"].get("selector"), old["spec"].get("selector")
        return self.validate(obj) + selector.unchanged(new, before, "spec.selector")

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return replica_counts(obj.get("status") or {})

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.template(obj["spec"]["template"], "spec.template")

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"status.replicas": str((obj.get("status") or {}).get("replicas", 0))}


def replica_counts(status: Object) -> list[FieldError]:
    """The status that ReplicaSets and ReplicationControllers have."""
    names = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    out = template.counts(status, "status", *names)
    for name in ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"):
        out += template.exceeds(status, name, "replicas", "cannot be greater than status.replicas")
    detail = "cannot be greater than readyReplicas"
    return out + template.exceeds(status, "availableReplicas", "readyReplicas", detail)
