"""Deployment: its strategy, selector and generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.apps import rolling, template
from apiserver_stub.registry.podspec import warnings

Object = base.Object


class Deployments(base.Kind):
    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        # Revisions are kept in annotations, so these count like the spec.
        if obj["spec"] == old["spec"] and _annotations(obj) != _annotations(old):
            obj["metadata"]["generation"] = int(old["metadata"].get("generation", 0)) + 1

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_status_update(obj, old)
        labels = old["metadata"].get("labels")
        if labels is not None:
            obj["metadata"]["labels"] = labels
        else:
            obj["metadata"].pop("labels", None)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = formats.not_negative("spec.replicas", spec.get("replicas"))
        out += template.validate_selector(spec, "deployment")
        out += template.validate(spec)
        out += _strategy(spec.get("strategy") or {})
        out += formats.not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        out += formats.not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
        deadline = spec.get("progressDeadlineSeconds")
        if deadline is not None:
            out += formats.not_negative("spec.progressDeadlineSeconds", deadline)
            if deadline <= (spec.get("minReadySeconds") or 0):
                detail = "must be greater than minReadySeconds"
                out.append(field.invalid("spec.progressDeadlineSeconds", deadline, detail))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"].get("selector"), old["spec"].get("selector")
        return self.validate(obj) + selector.unchanged(new, before, "spec.selector")

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        names = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        out = template.counts(status, "status", *names, "unavailableReplicas", "collisionCount")
        for name in ("updatedReplicas", "readyReplicas", "availableReplicas"):
            out += template.exceeds(status, name, "replicas", "cannot be greater than status.replicas")
        detail = "cannot be greater than readyReplicas"
        return out + template.exceeds(status, "availableReplicas", "readyReplicas", detail)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.template(obj["spec"]["template"], "spec.template")


def _annotations(obj: Object) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def _strategy(strategy: Mapping[str, Any]) -> list[FieldError]:
    kind, parameters = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if parameters is None:
            return []
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [field.forbidden("spec.strategy.rollingUpdate", detail)]
    if kind != "RollingUpdate":
        return [field.not_supported("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))]
    if parameters is None:
        detail = "this should be defaulted and never be nil"
        return [field.required("spec.strategy.rollingUpdate", detail)]
    return rolling.deployment(parameters, "spec.strategy.rollingUpdate")
