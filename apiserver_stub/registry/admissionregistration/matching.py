"""Which requests an admission webhook or policy is asked about: rules, selectors, match conditions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, selector
from apiserver_stub.registry.admissionregistration import expressions

Object = dict[str, Any]

_SCOPES: Final = ("*", "Cluster", "Namespaced")
_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MUTATING: Final = ("*", "CONNECT", "CREATE", "UPDATE")
FAILURE_POLICIES: Final = ("Fail", "Ignore")
MATCH_POLICIES: Final = ("Equivalent", "Exact")
_MAX_CONDITIONS: Final = 64


def default_rules(rules: Iterable[Object]) -> None:
    for rule in rules:
        if not rule.get("scope"):
            rule["scope"] = "*"


def default_resources(match: Object | None) -> None:
    """A MatchResources of a policy or a binding."""
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    default_rules(match.get("resourceRules") or ())
    default_rules(match.get("excludeResourceRules") or ())


def known(path: str, value: str | None, allowed: tuple[str, ...]) -> list[FieldError]:
    """A word that may be left out."""
    return [] if value is None or value in allowed else [field.not_supported(path, value, allowed)]


def rule(value: Object, path: str) -> list[FieldError]:
    """A RuleWithOperations."""
    operations = value.get("operations") or []
    out = [] if operations else [field.required(f"{path}.operations")]
    out += _alone(operations, f"{path}.operations", "operations")
    for i, operation in enumerate(operations):
        out += known(f"{path}.operations[{i}]", operation, _OPERATIONS)
    for name, what in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        values = value.get(name) or []
        out += [] if values else [field.required(f"{path}.{name}")]
        out += _alone(values, f"{path}.{name}", what)
        if name == "apiVersions":
            out += [field.required(f"{path}.{name}[{i}]") for i, text in enumerate(values) if not text]
    out += _resources(value.get("resources") or [], f"{path}.resources")
    return out + known(f"{path}.scope", value.get("scope"), _SCOPES)


def _alone(values: list[str], path: str, what: str) -> list[FieldError]:
    if len(values) > 1 and "*" in values:
        return [field.invalid(path, values, f"if '*' is present, must not specify other {what}")]
    return []


def _resources(values: list[str], path: str) -> list[FieldError]:
    out = [] if values else [field.required(path)]
    with_all_subresources, of_all_resources = set(), set()
    plain = False
    for i, text in enumerate(values):
        where = f"{path}[{i}]"
        if not text:
            out.append(field.required(where))
            continue
        resource, slash, subresource = text.partition("/")
        if not slash:
            # The last one decides, as upstream.
            plain = text != "*"
            continue
        if resource in with_all_subresources:
            out.append(field.invalid(where, text, f"if '{resource}/*' is present, must not specify {text}"))
        if subresource in of_all_resources:
            out.append(field.invalid(where, text, f"if '*/{subresource}' is present, must not specify {text}"))
        if subresource == "*":
            with_all_subresources.add(resource)
        if resource == "*":
            of_all_resources.add(subresource)
    if len(values) > 1 and "*/*" in values:
        out.append(field.invalid(path, values, "if '*/*' is present, must not specify other resources"))
    if "*" in values and plain:
        detail = "if '*' is present, must not specify other resources without subresources"
        out.append(field.invalid(path, values, detail))
    return out


def resources(match: Object | None, path: str) -> list[FieldError]:
    """A MatchResources."""
    if match is None:
        return []
    out = formats.one_of(f"{path}.matchPolicy", match.get("matchPolicy"), MATCH_POLICIES)
    for name in ("namespaceSelector", "objectSelector"):
        if match.get(name) is None:
            out.append(field.required(f"{path}.{name}"))
        else:
            out += selector.validate(match[name], f"{path}.{name}")
    for name in ("resourceRules", "excludeResourceRules"):
        for i, value in enumerate(match.get(name) or ()):
            out += _named_rule(value, f"{path}.{name}[{i}]")
    return out


def _named_rule(value: Object, path: str) -> list[FieldError]:
    out = []
    names = value.get("resourceNames") or []
    for i, name in enumerate(names):
        where = f"{path}.resourceNames[{i}]"
        out += formats.faults(where, name, formats.path_segment(name))
        if name in names[:i]:
            out.append(field.duplicate(where, name))
    return out + rule(value, path)


def constraints(match: Object | None, path: str) -> list[FieldError]:
    """The MatchResources of a policy, which must name some resource."""
    if match is None:
        return [field.required(path)]
    out = resources(match, path)
    return out if match.get("resourceRules") else [*out, field.required(f"{path}.resourceRules")]


def mutating_operations(match: Object | None, path: str) -> list[FieldError]:
    """What is deleted can't be changed."""
    out = []
    for value in (match or {}).get("resourceRules") or ():
        for operation in value.get("operations") or ():
            out += known(f"{path}.resourceRules.operations", operation, _MUTATING)
    return out


def conditions(values: list[Object], path: str, *, params: bool) -> list[FieldError]:
    """Match conditions; params: whether they may speak of params."""
    out = []
    if len(values) > _MAX_CONDITIONS:
        out.append(field.too_many(path, len(values), _MAX_CONDITIONS))
    names: set[str] = set()
    scope = expressions.Scope(params=params)
    for i, value in enumerate(values):
        out += _condition(value, f"{path}[{i}]", scope)
        name = value.get("name", "")
        if name and name in names:
            out.append(field.duplicate(f"{path}[{i}].name", name))
        names.add(name)
    return out


def _condition(value: Object, path: str, scope: expressions.Scope) -> list[FieldError]:
    text, name = value.get("expression", "").strip(), value.get("name", "")
    where = f"{path}.expression"
    out = scope.faults(text, where, "bool") if text else [field.required(where)]
    if not name:
        return [*out, field.required(f"{path}.name")]
    return out + formats.faults(f"{path}.name", name, formats.label_key(name))
