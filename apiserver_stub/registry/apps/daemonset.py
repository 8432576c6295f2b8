"""DaemonSet: one Pod per node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.apps import rolling, template
from apiserver_stub.registry.podspec import validation, warnings

Object = base.Object

_COUNTS: Final = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


_GENERATION: Final = "deprecated.daemonset.template.generation"


class DaemonSets(base.Kind):
    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        obj["metadata"].setdefault("annotations", {})[_GENERATION] = "1"

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        before = int((old["metadata"].get("annotations") or {}).get(_GENERATION) or 1)
        changed = obj["spec"]["template"] != old["spec"]["template"]
        obj["metadata"].setdefault("annotations", {})[_GENERATION] = str(before + changed)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        chosen = spec.get("selector")
        out = selector.validate(chosen, "spec.selector")
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
        if not (chosen is not None and selector.is_empty(chosen)) and not selector.matches(chosen, labels or {}):
            detail = "`selector` does not match template `labels`"
            out.append(field.invalid("spec.template.metadata.labels", selector.sorted_map(labels), detail))
        if chosen is not None and selector.is_empty(chosen):
            out.append(field.invalid("spec.selector", chosen, "empty selector is invalid for daemonset"))
        out += validation.template(spec.get("template") or {}, "spec.template")
        inner = (spec.get("template") or {}).get("spec") or {}
        if inner.get("restartPolicy") in ("OnFailure", "Never"):
            path = "spec.template.spec.restartPolicy"
            out.append(field.not_supported(path, inner["restartPolicy"], ("Always",)))
        if inner.get("activeDeadlineSeconds") is not None:
            path = "spec.template.spec.activeDeadlineSeconds"
            out.append(field.forbidden(path, "activeDeadlineSeconds in DaemonSet is not Supported"))
        out += formats.not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        out += _update_strategy(spec.get("updateStrategy") or {})
        return out + formats.not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"].get("selector"), old["spec"].get("selector")
        return self.validate(obj) + selector.unchanged(new, before, "spec.selector")

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return template.counts(obj.get("status") or {}, "status", *_COUNTS)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.template(obj["spec"]["template"], "spec.template")


def _update_strategy(strategy: Mapping[str, Any]) -> list[FieldError]:
    kind, parameters = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [field.not_supported("spec.updateStrategy", strategy_shown(strategy), ("RollingUpdate", "OnDelete"))]
    path = "spec.updateStrategy.rollingUpdate"
    if parameters is None:
        return [field.required(path)]
    surge, unavailable = parameters.get("maxSurge", 0), parameters.get("maxUnavailable", 0)
    out = rolling.amount(unavailable, f"{path}.maxUnavailable")
    out += rolling.at_most_all(unavailable, f"{path}.maxUnavailable")
    out += rolling.amount(surge, f"{path}.maxSurge") + rolling.at_most_all(surge, f"{path}.maxSurge")
    has_surge, has_unavailable = rolling.value_of(surge) != 0, rolling.value_of(unavailable) != 0
    if has_surge and has_unavailable:
        out.append(field.invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif not has_surge and not has_unavailable:
        detail = "cannot be 0 when maxSurge is 0"
        out.append(field.required(f"{path}.maxUnavailable", detail))
    return out


def strategy_shown(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy as Go's internal struct."""
    return {"Type": strategy.get("type", ""), "RollingUpdate": strategy.get("rollingUpdate")}
