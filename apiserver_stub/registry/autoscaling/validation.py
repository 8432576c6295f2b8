"""Validation of a HorizontalPodAutoscaler as v2, in upstream's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.schema import quantity

Object = Mapping[str, Any]

_TYPES: Final = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_LONGEST_PERIOD: Final = 1800
_LONGEST_WINDOW: Final = 3600
_POSITIVE: Final = "must be positive"


def spec(value: Object, old: Object | None) -> list[FieldError]:
    """old: the spec that is replaced; what was already wrong with a reference or minReplicas is let through."""
    least, most = value.get("minReplicas"), value.get("maxReplicas", 0)
    bound = 0 if old is not None and old.get("minReplicas") == 0 else 1
    out = []
    if least is not None and least < bound:
        out.append(field.invalid("spec.minReplicas", least, f"must be greater than or equal to {bound}"))
    if most == 0:
        out.append(field.required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        out.append(field.invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        out.append(field.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = value.get("scaleTargetRef") or {}
    before = (old or {}).get("scaleTargetRef")
    out += _reference(target, "spec.scaleTargetRef", **_target_rules(target, before))
    out += _metrics(value.get("metrics") or (), least, old)
    for name in ("scaleUp", "scaleDown"):
        rules = (value.get("behavior") or {}).get(name)
        if rules is not None:
            out += _rules(rules, f"spec.behavior.{name}")
    return out


def status(value: Object) -> list[FieldError]:
    out = []
    for name in ("currentReplicas", "desiredReplicas"):
        out += formats.not_negative(f"status.{name}", value.get(name))
    return out


def _target_rules(target: Object, before: Object | None) -> dict[str, bool]:
    """What is let through: the one scalable kind of the core group, and what the old object had."""
    fault = None if before is None else _version_fault(before.get("apiVersion", ""), groupless=True)
    groupless = target.get("kind") == "ReplicationController"
    if before is not None:
        groupless = groupless or "/" not in before.get("apiVersion", "")
    return {"groupless": groupless, "any_version": fault is not None}


def _version_fault(version: str, *, groupless: bool) -> str | None:
    if version.count("/") > 1:
        return f"unexpected GroupVersion string: {version}"
    if not groupless and not version.rpartition("/")[0]:
        return "apiVersion must specify API group"
    return None


def _reference(target: Object, path: str, *, groupless: bool, any_version: bool = False) -> list[FieldError]:
    out = []
    for name in ("kind", "name"):
        text = target.get(name, "")
        if not text:
            out.append(field.required(f"{path}.{name}"))
        out += formats.faults(f"{path}.{name}", text, formats.path_segment(text))
    version = target.get("apiVersion", "")
    fault = None if any_version else _version_fault(version, groupless=groupless)
    return [*out, field.invalid(f"{path}.apiVersion", version, fault)] if fault else out


def _metrics(items: Sequence[Object], least: int | None, old: Object | None) -> list[FieldError]:
    out = []
    # A reference that was wrong before may be anywhere in the list by now.
    known = {
        ((metric.get("object") or {}).get("describedObject") or {}).get("apiVersion", "")
        for metric in (old or {}).get("metrics") or ()
    }
    for i, metric in enumerate(items):
        out += _metric(metric, f"spec.metrics[{i}]", known)
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in items):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        out.append(field.forbidden("spec.metrics", detail))
    return out


def _metric(metric: Object, path: str, known: set[str]) -> list[FieldError]:
    kind = metric.get("type", "")
    out = [] if kind else [field.required(f"{path}.type", "must specify a metric source type")]
    unknown = [] if kind in _TYPES else [field.not_supported(f"{path}.type", kind, sorted(_TYPES))]
    out += unknown
    present = [source for source in _TYPES.values() if metric.get(source) is not None]
    if present:
        here = f"{path}.{present[0]}"
        source = metric[present[0]]
        out += _object(source, here, known) if present[0] == "object" else _SOURCES[present[0]](source, here)
    # Upstream says it a second time.
    out += unknown
    expected = _TYPES.get(kind)
    if expected and expected not in present:
        detail = "must populate information for the given metric source"
        out.append(field.required(f"{path}.{expected}", detail))
    if len(present) > 1:
        detail = "must populate the given metric source only"
        out += [field.forbidden(f"{path}.{source}", detail) for source in present if source != expected]
    return out


def _object(source: Object, path: str, known: set[str]) -> list[FieldError]:
    described = source.get("describedObject") or {}
    any_version = described.get("apiVersion", "") in known
    out = _reference(described, f"{path}.describedObject", groupless=True, any_version=any_version)
    out += _identifier(source, path) + _target(source, path)
    target = source.get("target") or {}
    if target.get("value") is None and target.get("averageValue") is None:
        detail = "must set either a target value or averageValue"
        out.append(field.required(f"{path}.target.averageValue", detail))
    return out


def _external(source: Object, path: str) -> list[FieldError]:
    out = _identifier(source, path) + _target(source, path)
    target = source.get("target") or {}
    value, average = target.get("value"), target.get("averageValue")
    if value is None and average is None:
        detail = "must set either a target value for metric or a per-pod target"
        out.append(field.required(f"{path}.target.averageValue", detail))
    if value is not None and average is not None:
        detail = "may not set both a target value for metric and a per-pod target"
        out.append(field.forbidden(f"{path}.target.value", detail))
    return out


def _pods(source: Object, path: str) -> list[FieldError]:
    out = _identifier(source, path) + _target(source, path)
    if (source.get("target") or {}).get("averageValue") is None:
        out.append(field.required(f"{path}.target.averageValue", "must specify a positive target averageValue"))
    return out


def _resource(source: Object, path: str) -> list[FieldError]:
    out = [] if source.get("name") else [field.required(f"{path}.name", "must specify a resource name")]
    return out + _usage(source, path)


def _container_resource(source: Object, path: str) -> list[FieldError]:
    name, container = source.get("name", ""), source.get("container", "")
    if not name:
        out = [field.required(f"{path}.name", "must specify a resource name")]
    else:
        out = formats.faults(f"{path}.name", name, formats.label_key(name))
        if not out and "/" not in name and name not in _CONTAINER_RESOURCES and not name.startswith("hugepages-"):
            out = [field.invalid(f"{path}.name", name, "must be a standard resource for containers")]
    if not container:
        out.append(field.required(f"{path}.container", "must specify a container"))
    else:
        out += formats.faults(f"{path}.container", container, formats.label(container))
    return out + _usage(source, path)


_CONTAINER_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")


def _usage(source: Object, path: str) -> list[FieldError]:
    """A share of what is requested, or an amount, but not both."""
    out = _target(source, path)
    target = source.get("target") or {}
    percent, average = target.get("averageUtilization"), target.get("averageValue")
    if percent is None and average is None:
        detail = "must set either a target raw value or a target utilization"
        out.append(field.required(f"{path}.target.averageUtilization", detail))
    if percent is not None and average is not None:
        detail = "may not set both a target raw value and a target utilization"
        out.append(field.forbidden(f"{path}.target.averageValue", detail))
    return out


_SOURCES: Final[Mapping[str, Callable[[Object, str], list[FieldError]]]] = {
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


def _identifier(source: Object, path: str) -> list[FieldError]:
    name = (source.get("metric") or {}).get("name", "")
    if not name:
        return [field.required(f"{path}.metric.name", "must specify a metric name")]
    return formats.faults(f"{path}.metric.name", name, formats.path_segment(name))


def _target(source: Object, path: str) -> list[FieldError]:
    target, path = source.get("target") or {}, f"{path}.target"
    kind = target.get("type", "")
    out = [] if kind else [field.required(f"{path}.type", "must specify a metric target type")]
    if kind not in ("Utilization", "Value", "AverageValue"):
        out.append(field.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for name in ("value", "averageValue"):
        amount = target.get(name)
        if amount is not None and quantity.parse(amount) <= 0:
            out.append(field.invalid(f"{path}.{name}", amount, _POSITIVE))
    percent = target.get("averageUtilization")
    if percent is not None and percent < 1:
        out.append(field.invalid(f"{path}.averageUtilization", percent, "must be greater than 0"))
    return out


def _rules(rules: Object, path: str) -> list[FieldError]:
    window, select = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    here = f"{path}.stabilizationWindowSeconds"
    out = []
    if window is not None and window < 0:
        out.append(field.invalid(here, window, "must be greater than or equal to zero"))
    if window is not None and window > _LONGEST_WINDOW:
        out.append(field.invalid(here, window, f"must be less than or equal to {_LONGEST_WINDOW}"))
    if select is not None and select not in ("Disabled", "Max", "Min"):
        out.append(field.not_supported(f"{path}.selectPolicy", select, ("Disabled", "Max", "Min")))
    policies = rules.get("policies") or ()
    if not policies:
        out.append(field.required(f"{path}.policies", "must specify at least one Policy"))
    for i, policy in enumerate(policies):
        out += _policy(policy, f"{path}.policies[{i}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and quantity.parse(tolerance) < 0:
        out.append(field.invalid(f"{path}.tolerance", tolerance, formats.NOT_NEGATIVE))
    return out


def _policy(policy: Object, path: str) -> list[FieldError]:
    kind, period = policy.get("type", ""), policy.get("periodSeconds", 0)
    out = []
    if kind not in ("Percent", "Pods"):
        out.append(field.not_supported(f"{path}.type", kind, ("Percent", "Pods")))
    for name in ("value", "periodSeconds"):
        if policy.get(name, 0) <= 0:
            out.append(field.invalid(f"{path}.{name}", policy.get(name, 0), "must be greater than zero"))
    if period > _LONGEST_PERIOD:
        out.append(field.invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}"))
    return out
