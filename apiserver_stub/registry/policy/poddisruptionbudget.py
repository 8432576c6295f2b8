"""PodDisruptionBudget: how many Pods must stay when others are evicted."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, conditions, selector
from apiserver_stub.registry.apps import rolling, template

Object = base.Object

_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")


class PodDisruptionBudgets(base.Kind):
    allow_unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        out = []
        if least is not None and most is not None:
            detail = "minAvailable and maxUnavailable cannot be both set"
            out.append(field.invalid("spec", _shown(spec), detail))
        for name, amount in (("minAvailable", least), ("maxUnavailable", most)):
            if amount is not None:
                path = f"spec.{name}"
                out += rolling.amount(amount, path) + rolling.at_most_all(amount, path)
        out += selector.validate(spec.get("selector"), "spec.selector")
        policy = spec.get("unhealthyPodEvictionPolicy")
        if policy is not None and policy not in _POLICIES:
            out.append(field.not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES))
        return out

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        out = conditions.validate(status.get("conditions") or (), "status.conditions")
        names = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        return out + template.counts(status, "status", *names)


def _shown(spec: Object) -> dict[str, Any]:
    """The spec as Go's internal struct."""
    return {
        "MinAvailable": spec.get("minAvailable"),
        "Selector": selector.shown(spec.get("selector")),
        "MaxUnavailable": spec.get("maxUnavailable"),
        "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
    }
