"""ResourceClaimTemplate: a claim's spec and metadata, which never change."""

from __future__ import annotations

from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.resource import claim_validation, resourceclaim

Object = base.Object


class ResourceClaimTemplates(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        devices = (spec.get("spec") or {}).get("devices") or {}
        path = "spec.spec.devices"
        out = resourceclaim.admin_access(devices, path, obj["metadata"].get("namespace", ""), self.view)
        return out + _metadata(spec.get("metadata") or {}) + claim_validation.devices(devices, path)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        spec = obj["spec"]
        shown = {**(spec.get("metadata") or {}), "Spec": resourceclaim.shown(spec.get("spec") or {})}
        return formats.unchanged("spec", spec, old["spec"], shown)


def _metadata(meta: Object) -> list[FieldError]:
    out = []
    for key in meta.get("annotations") or {}:
        out += formats.faults("spec.metadata.annotations", key, formats.label_key(key.lower()))
    return out + formats.any_label("spec.metadata.labels", meta.get("labels"))
