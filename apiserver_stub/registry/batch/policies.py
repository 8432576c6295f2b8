"""Job policies: the rules of podFailurePolicy, and what a finished Job's status must say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Object = Mapping[str, Any]

_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_COUNTS: Final = ("active", "succeeded", "failed", "ready", "terminating")


def failure(policy: Object, path: str) -> list[FieldError]:
    rules = policy.get("rules") or ()
    if len(rules) > 20:
        return [field.too_many(f"{path}.rules", len(rules), 20)]
    out = []
    for i, rule in enumerate(rules):
        out += _rule(rule, f"{path}.rules[{i}]")
    return out


def _rule(rule: Object, path: str) -> list[FieldError]:
    out = formats.one_of(f"{path}.action", rule.get("action"), _ACTIONS)
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    if codes is not None:
        out += _exit_codes(codes, f"{path}.onExitCodes")
    for i, pattern in enumerate(conditions):
        here = f"{path}.onPodConditions[{i}]"
        out += formats.faults(f"{here}.type", pattern.get("type", ""), formats.label_key(pattern.get("type", "")))
        out += formats.one_of(f"{here}.status", pattern.get("status"), ("False", "True", "Unknown"))
    # These two go with no value at all, not even a quoted one.
    if codes is not None and conditions:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        out.append(FieldError("FieldValueInvalid", path, detail, ""))
    elif codes is None and not conditions:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        out.append(FieldError("FieldValueInvalid", path, detail, ""))
    return out


def _exit_codes(codes: Object, path: str) -> list[FieldError]:
    operator, values = codes.get("operator"), codes.get("values") or ()
    out = formats.one_of(f"{path}.operator", operator, ("In", "NotIn"))
    if not values:
        detail = "at least one value is required"
        return [*out, FieldError("FieldValueInvalid", f"{path}.values", detail, "")]
    if len(values) > 255:
        return [*out, field.too_many(f"{path}.values", len(values), 255)]
    seen: set[int] = set()
    for i, value in enumerate(values):
        here = f"{path}.values[{i}]"
        if value == 0 and operator == "In":
            out.append(field.invalid(here, value, "must not be 0 for the In operator"))
        if value in seen:
            out.append(field.duplicate(here, value))
        seen.add(value)
    if list(values) != sorted(values):
        out.append(field.invalid(f"{path}.values", list(values), "must be ordered"))
    return out


def finished(status: Object, spec: Object) -> list[FieldError]:
    """What the status of a Job must say when a condition calls it finished."""
    out = []
    for name in _COUNTS:
        out += formats.not_negative(f"status.{name}", status.get(name))
    true = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    complete, failed = "Complete" in true, "Failed" in true
    if not complete and not failed:
        if status.get("completionTime"):
            detail = "completionTime cannot be set for non-complete jobs"
            out.append(field.invalid("status.completionTime", status["completionTime"], detail))
        return out
    if complete and not status.get("completionTime"):
        out.append(field.required("status.completionTime", "completionTime is required for Complete jobs"))
    for name, cause in (("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet")):
        if name in true and cause not in true:
            detail = f"cannot set {name}=True condition without the {cause}=true condition"
            out.append(FieldError("FieldValueInvalid", "status.conditions", detail, ""))
    if complete and failed:
        detail = "cannot set Complete=True and Failed=true conditions"
        out.append(FieldError("FieldValueInvalid", "status.conditions", detail, ""))
    for name in ("active", "terminating"):
        count = status.get(name) or 0
        if count > 0:
            out.append(field.invalid(f"status.{name}", count, f"{name}>0 is invalid for finished job"))
    if not status.get("startTime"):
        out.append(field.required("status.startTime", "startTime is required for finished job"))
    return out
