"""APIService: a group and version that another server answers for."""

from __future__ import annotations

import base64
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, upkeep
from apiserver_stub.registry.apiregistration import bootstrap

Object = base.Object

_STATES: Final = ("True", "False", "Unknown")


class APIServices(base.Kind):
    def default(self, obj: Object) -> None:
        super().default(obj)
        service = obj["spec"].get("service")
        if service is not None:
            service.setdefault("port", 443)

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        # An empty status is left out.
        obj.pop("status", None)
        if obj["spec"].get("service") is None:
            obj["status"] = {"conditions": [bootstrap.available(upkeep.now())]}

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        group, version = spec.get("group", ""), spec.get("version", "")
        out = _name(obj["metadata"].get("name", ""), f"{version}.{group}")
        if not group and version != "v1":
            detail = "only v1 may have an empty group and it better be legacy kube"
            out.append(field.required("spec.group", detail))
        if group:
            out += formats.faults("spec.group", group, formats.subdomain(group))
        out += formats.faults("spec.version", version, formats.label_1035(version))
        for name, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
            value = spec.get(name, 0)
            if not 0 < value <= most:
                out.append(field.invalid(f"spec.{name}", value, f"must be positive and less than {most}"))
        return out + (_local(spec) if spec.get("service") is None else _remote(spec))

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = []
        for i, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
            if condition.get("status") not in _STATES:
                path = f"status.conditions[{i}].status"
                out.append(field.not_supported(path, condition.get("status", ""), _STATES))
        return out


def _name(name: str, expected: str) -> list[FieldError]:
    if not name or name == expected:
        return []
    found = formats.path_segment(name)
    if found:
        return formats.faults("metadata.name", name, found)
    detail = f'must be `spec.version+"."+spec.group`: {field.quote(expected)}'
    return [field.invalid("metadata.name", name, detail)]


def _local(spec: Object) -> list[FieldError]:
    out = []
    if spec.get("caBundle"):
        size = f"{len(base64.b64decode(spec['caBundle']))} bytes"
        out.append(field.invalid("spec.caBundle", size, "local APIServices may not have a caBundle"))
    if spec.get("insecureSkipTLSVerify"):
        detail = "local APIServices may not have insecureSkipTLSVerify"
        out.append(field.invalid("spec.insecureSkipTLSVerify", True, detail))
    return out


def _remote(spec: Object) -> list[FieldError]:
    service = spec["service"]
    out = [field.required(f"spec.service.{name}") for name in ("namespace", "name") if not service.get(name)]
    port = service.get("port", 443)
    found = formats.port(port)
    if found:
        out.append(field.invalid("spec.service.port", port, "port is not valid: " + ", ".join(found)))
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        out.append(field.invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present"))
    return out
