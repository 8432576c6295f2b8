"""ResourceQuota: bounds of what a namespace may hold in all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.podspec import resources

Object = base.Object

_COMPUTE: Final = frozenset({"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"})
_STANDARD: Final = _COMPUTE | {
    "configmaps",
    "ephemeral-storage",
    "limits.ephemeral-storage",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.ephemeral-storage",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
}
_PODS: Final = _COMPUTE | {"pods"}
# Scope -> the resources that it can be applied to.
_SCOPES: Final = {
    "Terminating": _PODS,
    "NotTerminating": _PODS,
    "BestEffort": frozenset({"pods"}),
    "NotBestEffort": _PODS,
    "PriorityClass": _PODS,
    "CrossNamespacePodAffinity": _PODS,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
_EXISTS_ONLY: Final = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_OPPOSITES: Final = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_EXISTS_FAULT: Final = (
    "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
_UNSUPPORTED: Final = "unsupported scope applied to resource"


class ResourceQuotas(base.Kind):
    returns_deleted = True

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj.get("spec") or {}
        return [*_amounts(spec.get("hard"), "spec.hard"), *_scopes(spec), *_selector(spec)]

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new = (obj.get("spec") or {}).get("scopes") or []
        before = (old.get("spec") or {}).get("scopes") or []
        return self.validate(obj) + formats.unchanged("spec.scopes", sorted(new), sorted(before), new)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        return [*_amounts(status.get("hard"), "status.hard"), *_amounts(status.get("used"), "status.used")]


def is_standard(name: str) -> bool:
    """Whether Kubernetes itself counts the resource."""
    return name in _STANDARD or name.startswith(("hugepages-", "requests.hugepages-"))


def _amounts(given: dict[str, str] | None, path: str) -> list[FieldError]:
    out = []
    for name, amount in (given or {}).items():
        here = f"{path}[{name}]"
        out += resources.resource_name(name, here)
        if "/" not in name and not is_standard(name):
            out.append(field.invalid(here, name, "must be a standard resource for quota"))
        out += resources.amount(name, amount, here)
    return out


def _fits(scope: str, names: Iterable[str]) -> list[bool]:
    """For each resource that Kubernetes counts: whether the scope can be applied to it."""
    allowed = _SCOPES.get(scope)
    return [allowed is None or name in allowed for name in sorted(names) if is_standard(name)]


def _scopes(spec: Object) -> list[FieldError]:
    scopes, path = spec.get("scopes") or [], "spec.scopes"
    out = []
    for scope in scopes:
        if scope not in _SCOPES:
            out.append(field.invalid(path, scopes, "unsupported scope"))
        for fits in _fits(scope, spec.get("hard") or ()):
            if not fits:
                out.append(field.invalid(path, scopes, _UNSUPPORTED))
    return out + _conflicts(scopes, spec, path)


def _conflicts(used: Iterable[str], spec: Object, path: str) -> list[FieldError]:
    chosen, scopes = set(used), spec.get("scopes")
    return [field.invalid(path, scopes, "conflicting scopes") for pair in _OPPOSITES if chosen.issuperset(pair)]


def _selector(spec: Object) -> list[FieldError]:
    chosen = spec.get("scopeSelector")
    if chosen is None:
        return []
    path = "spec.scopeSelector.matchExpressions"
    out = []
    rules = chosen.get("matchExpressions") or []
    for rule in rules:
        scope = rule.get("scopeName", "")
        if scope not in _SCOPES:
            out.append(field.invalid(f"{path}.scopeName", scope, "unsupported scope"))
        for fits in _fits(scope, spec.get("hard") or ()):
            if not fits:
                out.append(field.invalid(path, _shown(chosen), _UNSUPPORTED))
        out += _rule(rule, path)
    return out + _conflicts((rule.get("scopeName", "") for rule in rules), spec, path)


def _rule(rule: Object, path: str) -> list[FieldError]:
    operator, values = rule.get("operator", ""), rule.get("values") or []
    out = []
    if rule.get("scopeName") in _EXISTS_ONLY and operator != "Exists":
        out.append(field.invalid(f"{path}.operator", operator, _EXISTS_FAULT))
    if operator in ("In", "NotIn"):
        if not values:
            detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            out.append(field.required(f"{path}.values", detail))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            out.append(field.invalid(f"{path}.values", values, detail))
    else:
        out.append(field.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return out


def _shown(selector: Object) -> Object:
    """The selector as Go's internal struct."""
    rules = [
        {"ScopeName": rule.get("scopeName", ""), "Operator": rule.get("operator", ""), "Values": rule.get("values")}
        for rule in selector.get("matchExpressions") or ()
    ]
    return {"MatchExpressions": rules}
