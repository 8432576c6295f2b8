"""ReplicationController, the predecessor of ReplicaSet: its selector is a plain map."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.apps import replicaset
from apiserver_stub.registry.podspec import validation, warnings

Object = base.Object


class ReplicationControllers(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = formats.not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        chosen = spec.get("selector") or {}
        if not chosen:
            out.append(field.required("spec.selector"))
        out += formats.not_negative("spec.replicas", spec.get("replicas"))
        template = spec.get("template")
        if template is None:
            return [*out, field.required("spec.template")]
        labels = (template.get("metadata") or {}).get("labels") or {}
        if chosen and any(labels.get(key) != value for key, value in chosen.items()):
            detail = "`selector` does not match template `labels`"
            out.append(field.invalid("spec.template.metadata.labels", selector.sorted_map(labels), detail))
        out += validation.template(template, "spec.template")
        policy = (template.get("spec") or {}).get("restartPolicy")
        if policy in ("OnFailure", "Never"):
            out.append(field.not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
        return out

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return replicaset.replica_counts(obj.get("status") or {})

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        template = obj["spec"].get("template")
        return warnings.template(template, "spec.template") if template else []

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"status.replicas": str((obj.get("status") or {}).get("replicas", 0))}
