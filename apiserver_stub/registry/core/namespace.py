"""Namespace: phase, and the finalizer that holds it until its content is gone."""

from __future__ import annotations

from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object


class Namespaces(base.Kind):
    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        obj["status"] = {"phase": "Active"}
        finalizers = obj["spec"].setdefault("finalizers", [])
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        # Only the finalize subresource changes them.
        obj["spec"] = old.get("spec") or {}

    def validate(self, obj: Object) -> list[FieldError]:
        out = []
        for i, name in enumerate(obj["spec"].get("finalizers") or ()):
            out += formats.faults(f"spec.finalizers[{i}]", name, formats.label_key(name))
        return out

    def held(self, obj: Object) -> bool:
        return bool((obj.get("spec") or {}).get("finalizers"))

    def mark_deleted(self, obj: Object) -> None:
        obj.setdefault("status", {})["phase"] = "Terminating"

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"status.phase": (obj.get("status") or {}).get("phase", "")}
