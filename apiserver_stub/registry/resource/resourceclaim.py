"""ResourceClaim: its spec never changes; its status says what was allocated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.podspec import golang
from apiserver_stub.registry.resource import claim_status, claim_validation

Object = base.Object

_ADMIN: Final = "resource.kubernetes.io/admin-access"


class ResourceClaims(base.Kind):
    def prepare_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_status_update(obj, old)
        _drop_deallocated(obj.get("status") or {}, old.get("status") or {})

    def validate(self, obj: Object) -> list[FieldError]:
        devices = obj["spec"].get("devices") or {}
        namespace = obj["metadata"].get("namespace", "")
        return admin_access(devices, "spec.devices", namespace, self.view) + claim_validation.devices(
            devices, "spec.devices"
        )

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return formats.unchanged("spec", obj["spec"], old["spec"], shown(obj["spec"]))

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return claim_status.validate(obj, old)


def shown(spec: Mapping[str, Any]) -> Any:
    """A claim's spec as Go prints it. Without requests it shows an emptied list: one that is null can't be told."""
    out = golang.struct("ResourceClaimSpec", spec)
    if out["Devices"]["Requests"] is None:
        out["Devices"]["Requests"] = []
    return out


def admin_access(devices: Mapping[str, Any], path: str, namespace: str, view: base.View) -> list[FieldError]:
    """Devices that are in use may be looked into only from namespaces that are labelled for it."""
    asked = [
        f"{path}.requests[{i}].exactly.adminAccess"
        for i, request in enumerate(devices.get("requests") or ())
        if (request.get("exactly") or {}).get("adminAccess")
    ]
    if not asked:
        return []
    found = view.get("", "namespaces", "", namespace) or {}
    if ((found.get("metadata") or {}).get("labels") or {}).get(_ADMIN) == "true":
        return []
    detail = f"admin access to devices requires the `{_ADMIN}: true` label on the containing namespace"
    return [field.forbidden(here, detail) for here in asked]


def _drop_deallocated(status: Object, before: Object) -> None:
    """What a driver said of a device goes with its allocation."""
    if not status.get("devices"):
        return
    gone = {claim_status.device_id(result) for result in claim_status.results(before.get("allocation"))}
    gone -= {claim_status.device_id(result) for result in claim_status.results(status.get("allocation"))}
    kept = [device for device in status["devices"] if claim_status.device_id(device) not in gone]
    if kept:
        status["devices"] = kept
    else:
        del status["devices"]
