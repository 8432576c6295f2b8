"""Validation of what the scheduler reads: affinity, tolerations, spreading, node selectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, selector

Object = Mapping[str, Any]

EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def tolerations(items: Sequence[Object], path: str) -> list[FieldError]:
    out = []
    for i, item in enumerate(items):
        out += _toleration(item, f"{path}[{i}]")
    return out


def _toleration(item: Object, path: str) -> list[FieldError]:
    key, operator = item.get("key", ""), item.get("operator", "")
    value, effect = item.get("value", ""), item.get("effect", "")
    out = formats.faults(f"{path}.key", key, formats.label_key(key)) if key else []
    if not key and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        out.append(field.invalid(f"{path}.operator", operator, detail))
    if item.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        out.append(field.invalid(f"{path}.effect", effect, detail))
    if operator in ("", "Equal"):
        found = formats.label_value(value)
        if found:
            out.append(field.invalid(f"{path}.operator", value, ";".join(found)))
    elif operator == "Exists":
        if value:
            detail = "value must be empty when `operator` is 'Exists'"
            out.append(field.invalid(f"{path}.operator", value, detail))
    else:
        out.append(field.not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    if effect and effect not in EFFECTS:
        out.append(field.not_supported(f"{path}.effect", effect, EFFECTS))
    return out


def affinity(value: Object | None, path: str) -> list[FieldError]:
    if not value:
        return []
    out = []
    if value.get("nodeAffinity") is not None:
        out += _node_affinity(value["nodeAffinity"], f"{path}.nodeAffinity")
    for name in ("podAffinity", "podAntiAffinity"):
        if value.get(name) is not None:
            out += _pod_affinity(value[name], f"{path}.{name}")
    return out


def _node_affinity(value: Object, path: str) -> list[FieldError]:
    out = []
    if value.get(_REQUIRED) is not None:
        out += node_selector(value[_REQUIRED], f"{path}.{_REQUIRED}")
    for i, term in enumerate(value.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{i}]"
        out += _weight(term, here)
        out += _node_term(term.get("preference") or {}, f"{here}.preference")
    return out


def node_selector(value: Object, path: str) -> list[FieldError]:
    terms = value.get("nodeSelectorTerms") or ()
    path = f"{path}.nodeSelectorTerms"
    if not terms:
        return [field.required(path, "must have at least one node selector term")]
    out = []
    for i, term in enumerate(terms):
        out += _node_term(term, f"{path}[{i}]")
    return out


def _weight(term: Object, path: str) -> list[FieldError]:
    weight = term.get("weight", 0)
    return [] if 1 <= weight <= 100 else [field.invalid(f"{path}.weight", weight, "must be in the range 1-100")]


def _node_term(term: Object, path: str) -> list[FieldError]:
    out = []
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        out += _node_requirement(requirement, f"{path}.matchExpressions[{i}]")
    for i, requirement in enumerate(term.get("matchFields") or ()):
        out += _node_field(requirement, f"{path}.matchFields[{i}]")
    return out


def _node_requirement(requirement: Object, path: str) -> list[FieldError]:
    if requirement.get("operator") not in ("Gt", "Lt"):
        out = selector.operator(requirement, path)
    elif len(requirement.get("values") or ()) != 1:
        detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        out = [field.required(f"{path}.values", detail)]
    else:
        out = []
    key = requirement.get("key", "")
    return out + formats.faults(f"{path}.key", key, formats.label_key(key))


def _node_field(requirement: Object, path: str) -> list[FieldError]:
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    out = []
    if operator not in ("In", "NotIn"):
        out.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        out.append(field.required(f"{path}.values", detail))
    key = requirement.get("key", "")
    if key != "metadata.name":
        return [*out, field.invalid(f"{path}.key", key, "not a valid field selector key")]
    for i, value in enumerate(values):
        out += formats.faults(f"{path}.values[{i}]", value, formats.subdomain(value))
    return out


def _pod_affinity(value: Object, path: str) -> list[FieldError]:
    out = []
    for i, term in enumerate(value.get(_REQUIRED) or ()):
        out += _pod_term(term, f"{path}.{_REQUIRED}[{i}]")
    for i, term in enumerate(value.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{i}]"
        out += _weight(term, here)
        out += _pod_term(term.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")
    return out


def _pod_term(term: Object, path: str) -> list[FieldError]:
    out = selector.validate(term.get("labelSelector"), f"{path}.labelSelector")
    out += selector.validate(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for i, name in enumerate(term.get("namespaces") or ()):
        out += formats.faults(f"{path}.namespaces[{i}]", name, formats.label(name))
    key = term.get("topologyKey", "")
    if not key:
        return [*out, field.required(f"{path}.topologyKey", "can not be empty")]
    return out + formats.faults(f"{path}.topologyKey", key, formats.label_key(key))


def spreading(items: Sequence[Object], path: str) -> list[FieldError]:
    """topologySpreadConstraints."""
    out = []
    seen: set[tuple[str, str]] = set()
    for i, item in enumerate(items):
        here = f"{path}[{i}]"
        skew = item.get("maxSkew", 0)
        if skew <= 0:
            out.append(field.invalid(f"{here}.maxSkew", skew, "must be greater than 0"))
        key = item.get("topologyKey", "")
        if not key:
            out.append(field.required(f"{here}.topologyKey", "can not be empty"))
        else:
            out += formats.faults(f"{here}.topologyKey", key, formats.label_key(key))
        action = item.get("whenUnsatisfiable", "")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            supported = ("DoNotSchedule", "ScheduleAnyway")
            out.append(field.not_supported(f"{here}.whenUnsatisfiable", action, supported))
        if (key, action) in seen:
            out.append(field.duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        seen.add((key, action))
        out += _spread_details(item, action, here)
    return out


def _spread_details(item: Object, action: str, path: str) -> list[FieldError]:
    out = []
    domains = item.get("minDomains")
    if domains is not None:
        if domains <= 0:
            out.append(field.invalid(f"{path}.minDomains", domains, "must be greater than 0"))
        if action != "DoNotSchedule":
            detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            out.append(field.invalid(f"{path}.minDomains", domains, detail))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = item.get(name)
        if policy is not None and policy not in ("Honor", "Ignore"):
            out.append(field.not_supported(f"{path}.{name}", policy, ("Honor", "Ignore")))
    return out + selector.validate(item.get("labelSelector"), f"{path}.labelSelector")
