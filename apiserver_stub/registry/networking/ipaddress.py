"""IPAddress: named as the address, and belonging to somebody for good."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, ip
from apiserver_stub.registry.networking import references

Object = base.Object

# How Go names the members of a parent reference when an error quotes it whole.
_PARENT: Final = ("Group", "Resource", "Namespace", "Name")


class IPAddresses(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        name = obj["metadata"].get("name", "")
        out = formats.faults("metadata.name", name, ip.canonical(name)) if name else []
        parent = obj["spec"].get("parentRef")
        if parent is None:
            return [*out, field.required("spec.parentRef")]
        path = "spec.parentRef"
        if parent.get("group"):
            out += formats.faults(f"{path}.group", parent["group"], formats.subdomain(parent["group"]))
        out += references.named(parent, path, "resource") + references.named(parent, path, "name")
        if parent.get("namespace"):
            found = formats.path_segment(parent["namespace"])
            out += formats.faults(f"{path}.namespace", parent["namespace"], found)
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"].get("parentRef"), old["spec"].get("parentRef")
        return formats.unchanged("spec.parentRef", new, before, _shown(new))


def _shown(parent: Object | None) -> Any:
    if parent is None:
        return None
    return {name: parent.get(name.lower(), "") for name in _PARENT}
