"""References to objects in networking.k8s.io: to what an Ingress leads, and to a class' parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Object = Mapping[str, Any]


def typed(reference: Object, path: str) -> list[FieldError]:
    """A reference with a group, a kind and a name."""
    out = []
    group = reference.get("apiGroup")
    if group is not None:
        out += formats.faults(f"{path}.apiGroup", group, formats.subdomain(group))
    return out + named(reference, path, "kind") + named(reference, path, "name")


def named(reference: Object, path: str, name: str) -> list[FieldError]:
    """A member that must be there and fit into a path."""
    text = reference.get(name, "")
    if not text:
        return [field.required(f"{path}.{name}")]
    return formats.faults(f"{path}.{name}", text, formats.path_segment(text))
