"""A Pod from a template (pure)."""

from __future__ import annotations

from typing import Any

from operators._kube import meta

_LONGEST_NAME = 253


def pod(owner: dict[str, Any], template: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Pod from the owner's template, or from another one; the API server makes its name from generateName."""
    source = owner["spec"]["template"] if template is None else template
    name = meta.name_of(owner)
    prefix = f"{name}-" if len(name) < _LONGEST_NAME else name
    copied = {
        field: value
        for field, value in (source.get("metadata") or {}).items()
        if field in ("labels", "annotations", "finalizers") and value
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": prefix, "namespace": meta.namespace_of(owner), **copied},
        "spec": source.get("spec") or {},
    }
