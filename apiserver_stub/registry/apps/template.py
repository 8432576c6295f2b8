"""What the kinds that keep Pods from a template share: selector against labels, counts, restart policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, selector
from apiserver_stub.registry.podspec import validation

Object = Mapping[str, Any]


def validate_selector(spec: Object, kind: str) -> list[FieldError]:
    """The selector itself; `kind` as upstream's message names it."""
    chosen = spec.get("selector")
    if chosen is None:
        return [field.required("spec.selector")]
    out = selector.validate(chosen, "spec.selector")
    if selector.is_empty(chosen):
        out.append(field.invalid("spec.selector", chosen, f"empty selector is invalid for {kind}"))
    return out


def mismatch(spec: Object) -> list[FieldError]:
    """Whether the template's labels are what the selector selects."""
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    chosen = spec.get("selector")
    if chosen is not None and selector.is_empty(chosen):
        return []
    if selector.matches(chosen, labels or {}):
        return []
    detail = "`selector` does not match template `labels`"
    return [field.invalid("spec.template.metadata.labels", selector.sorted_map(labels), detail)]


def validate(spec: Object, *, always: bool = True) -> list[FieldError]:
    """The template of a workload whose Pods run for ever."""
    template = spec.get("template") or {}
    inner = template.get("spec") or {}
    out = mismatch(spec) + validation.template(template, "spec.template")
    policy = inner.get("restartPolicy")
    if always and policy and policy != "Always":
        known = policy in ("OnFailure", "Never")
        if known:
            out.append(field.not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if inner.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in ReplicaSet is not Supported"
        out.append(field.forbidden("spec.template.spec.activeDeadlineSeconds", detail))
    return out


def counts(status: Object, path: str, *names: str) -> list[FieldError]:
    """Numbers of a status that can't be negative."""
    out = []
    for name in names:
        out += formats.not_negative(f"{path}.{name}", status.get(name))
    return out


def exceeds(status: Object, name: str, other: str, detail: str) -> list[FieldError]:
    """A count that can't be greater than another one."""
    count: int = status.get(name) or 0
    if count <= (status.get(other) or 0):
        return []
    return [field.invalid(f"status.{name}", count, detail)]
