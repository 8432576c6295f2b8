"""FlowSchema: which requests go to which priority level."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.flowcontrol import bootstrap, internal, statuses

Object = base.Object

_MOST: Final = 10000
_DISTINGUISHERS: Final = ("ByNamespace", "ByUser")
_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
# Subject kind -> the field that describes it.
_SUBJECTS: Final = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
_NAMESPACE: Final = "each member of this list must be '*' or a DNS-1123 label; "


class FlowSchemas(base.Kind):
    def default(self, obj: Object) -> None:
        super().default(obj)
        if not obj["spec"].get("matchingPrecedence"):
            obj["spec"]["matchingPrecedence"] = 1000

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        # An empty status is left out.
        obj.pop("status", None)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = _precedence(spec.get("matchingPrecedence", 0), obj["metadata"].get("name", ""))
        method = spec.get("distinguisherMethod")
        if method is not None and method.get("type") not in _DISTINGUISHERS:
            shown = {"Type": method.get("type", "")}
            out.append(field.not_supported("spec.distinguisherMethod.type", shown, _DISTINGUISHERS))
        level = (spec.get("priorityLevelConfiguration") or {}).get("name", "")
        where = "spec.priorityLevelConfiguration.name"
        if level:
            out += formats.faults(where, level, formats.subdomain(level))
        else:
            out.append(field.required(where, "must reference a priority level"))
        for i, rule in enumerate(spec.get("rules") or ()):
            out += _rule(rule, f"spec.rules[{i}]")
        name = obj["metadata"].get("name", "")
        if name in bootstrap.MANDATORY and spec != bootstrap.schema_spec(name):
            out.append(
                field.invalid("spec", internal.schema_spec(spec), f"spec of '{name}' must equal the fixed value")
            )
        return out + statuses.validate(obj)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return statuses.validate(obj)


def _precedence(value: int, name: str) -> list[FieldError]:
    path = "spec.matchingPrecedence"
    if value <= 0:
        return [field.invalid(path, value, "must be a positive value")]
    if value > _MOST:
        return [field.invalid(path, value, f"must not be greater than {_MOST}")]
    if value == 1 and name != "exempt":
        return [field.invalid(path, value, "only the schema named 'exempt' may have matchingPrecedence 1")]
    return []


def _rule(rule: Object, path: str) -> list[FieldError]:
    out = []
    for i, subject in enumerate(rule.get("subjects") or ()):
        out += _subject(subject, f"{path}.subjects[{i}]")
    if not rule.get("subjects"):
        out.append(field.required(f"{path}.subjects", "subjects must contain at least one value"))
    if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
        out.append(field.required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
    for i, inner in enumerate(rule.get("resourceRules") or ()):
        out += _resource_rule(inner, f"{path}.resourceRules[{i}]")
    for i, inner in enumerate(rule.get("nonResourceRules") or ()):
        out += _non_resource_rule(inner, f"{path}.nonResourceRules[{i}]")
    return out


def _subject(subject: Object, path: str) -> list[FieldError]:
    kind = subject.get("kind", "")
    own = _SUBJECTS.get(kind)
    if own is None:
        return [field.not_supported(f"{path}.kind", kind, _SUBJECTS)]
    where, value = f"{path}.{own}", subject.get(own)
    if value is None:
        out = [field.required(where, f"{own} is required when subject kind is '{kind}'")]
    else:
        out = [] if value.get("name") else [field.required(f"{where}.name")]
        if own == "serviceAccount":
            out += _service_account(value, where)
    for other in ("serviceAccount", "user", "group"):
        if other != own and subject.get(other) is not None:
            other_kind = other[0].upper() + other[1:]
            detail = f"{other} is forbidden when subject kind is not '{other_kind}'"
            out.append(field.forbidden(f"{path}.{other}", detail))
    return out


def _service_account(value: Object, path: str) -> list[FieldError]:
    name, namespace = value.get("name", ""), value.get("namespace", "")
    out = formats.faults(f"{path}.name", name, formats.subdomain(name)) if name and name != "*" else []
    if not namespace:
        return [*out, field.required(f"{path}.namespace", "must specify namespace for service account")]
    return out + formats.faults(f"{path}.namespace", namespace, formats.label(namespace))


def _verbs(verbs: list[str], path: str) -> list[FieldError]:
    if not verbs:
        return [field.required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        return _alone(verbs, path, "verbs")
    if not set(verbs) <= set(_VERBS):
        return [field.not_supported(path, verbs, _VERBS)]
    return []


def _alone(values: list[str], path: str, what: str) -> list[FieldError]:
    if len(values) > 1 and "*" in values:
        return [field.invalid(path, values, f"if '*' is present, must not specify other {what}")]
    return []


def _resource_rule(rule: Object, path: str) -> list[FieldError]:
    out = _verbs(rule.get("verbs") or [], f"{path}.verbs")
    for name, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(name) or []
        where = f"{path}.{name}"
        if not values:
            out.append(field.required(where, f"resource rules must supply at least one {one}"))
        out += _alone(values, where, many)
    namespaces, where = rule.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        return [*out, field.required(where, detail)]
    if "*" in namespaces:
        return out + _alone(namespaces, where, "namespaces")
    for i, name in enumerate(namespaces):
        found = formats.label(name)
        out += [field.invalid(f"{where}[{i}]", name, _NAMESPACE + fault) for fault in found]
    return out


def _non_resource_rule(rule: Object, path: str) -> list[FieldError]:
    out = _verbs(rule.get("verbs") or [], f"{path}.verbs")
    urls, where = rule.get("nonResourceURLs") or [], f"{path}.nonResourceURLs"
    if not urls:
        return [*out, field.required(where, "nonResourceURLs must contain at least one value")]
    if "*" in urls:
        return out + _alone(urls, where, "non-resource URLs")
    for i, url in enumerate(urls):
        fault = _url_fault(url)
        out += [field.invalid(f"{where}[{i}]", url, fault)] if fault else []
    return out


def _url_fault(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    if "*" in url[:-1] or (url.endswith("*") and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""
