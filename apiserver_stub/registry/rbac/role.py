"""Role and ClusterRole: rules about resources, and in the cluster about other paths too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, selector

Object = base.Object


class Roles(base.Kind):
    allow_create_on_update = True

    def validate(self, obj: Object) -> list[FieldError]:
        out = []
        for i, rule in enumerate(obj.get("rules") or ()):
            out += _rule(rule, f"rules[{i}]", namespaced=self.resource.namespaced)
        return out


class ClusterRoles(Roles):
    def validate(self, obj: Object) -> list[FieldError]:
        out = super().validate(obj)
        aggregation = obj.get("aggregationRule")
        if aggregation is None:
            return out
        chosen, path = aggregation.get("clusterRoleSelectors") or (), "aggregationRule.clusterRoleSelectors"
        if not chosen:
            return [
                *out,
                field.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"),
            ]
        for i, item in enumerate(chosen):
            out += selector.validate(item, f"{path}[{i}]")
        return out


def _rule(rule: Mapping[str, Any], path: str, *, namespaced: bool) -> list[FieldError]:
    out = []
    if not rule.get("verbs"):
        out.append(field.required(f"{path}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        here = f"{path}.nonResourceURLs"
        if namespaced:
            out.append(field.invalid(here, urls, "namespaced rules cannot apply to non-resource URLs"))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            out.append(field.invalid(here, urls, detail))
        return out
    if not rule.get("apiGroups"):
        out.append(field.required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        out.append(field.required(f"{path}.resources", "resource rules must supply at least one resource"))
    return out
