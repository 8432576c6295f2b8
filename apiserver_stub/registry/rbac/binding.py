"""RoleBinding and ClusterRoleBinding: subjects may change, the role may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.rbac.defaults import GROUP

Object = base.Object


class Bindings(base.Kind):
    allow_create_on_update = True

    def validate(self, obj: Object) -> list[FieldError]:
        reference = obj.get("roleRef") or {}
        group, kind, name = (reference.get(part, "") for part in ("apiGroup", "kind", "name"))
        kinds = ("Role", "ClusterRole") if self.resource.namespaced else ("ClusterRole",)
        out = []
        if group != GROUP:
            out.append(field.not_supported("roleRef.apiGroup", group, (GROUP,)))
        if kind not in kinds:
            out.append(field.not_supported("roleRef.kind", kind, kinds))
        if not name:
            out.append(field.required("roleRef.name"))
        else:
            out += formats.faults("roleRef.name", name, formats.path_segment(name))
        for i, subject in enumerate(obj.get("subjects") or ()):
            out += _subject(subject, f"subjects[{i}]", namespaced=self.resource.namespaced)
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = self.validate(obj)
        reference = obj.get("roleRef") or {}
        if reference != old.get("roleRef"):
            shown = {"APIGroup": "apiGroup", "Kind": "kind", "Name": "name"}
            quoted = {name: reference.get(member, "") for name, member in shown.items()}
            out.append(field.invalid("roleRef", quoted, "cannot change roleRef"))
        return out


def _subject(subject: Mapping[str, Any], path: str, *, namespaced: bool) -> list[FieldError]:
    kind, name, group = (subject.get(part, "") for part in ("kind", "name", "apiGroup"))
    out = [] if name else [field.required(f"{path}.name")]
    if kind == "ServiceAccount":
        if name:
            out += formats.faults(f"{path}.name", name, formats.subdomain(name))
        if group:
            out.append(field.not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            out.append(field.required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != GROUP:
            out.append(field.not_supported(f"{path}.apiGroup", group, (GROUP,)))
    else:
        out.append(field.not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    return out
