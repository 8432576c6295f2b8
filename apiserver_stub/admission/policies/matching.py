"""Whether a policy or a binding is about a request, and in which version it sees the objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from apiserver_stub.admission import criteria
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.criteria import ResourceName
from apiserver_stub.meta import status
from apiserver_stub.registry import base

Object = Mapping[str, Any]
# Other names of the request's resource.
Equivalents = Callable[[], Sequence[ResourceName]]

# What is asked here decides who may do what: a policy on it could shut everybody out.
_EXCLUDED: Final = frozenset(
    {
        ("authentication.k8s.io", "selfsubjectreviews"),
        ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
    }
)


def is_excluded(group: str, version: str, plural: str) -> bool:
    """Whether policies never see requests for the resource."""
    return (group, plural) in _EXCLUDED or criteria.is_exempt((group, version, plural))


def matched(declared: Object | None, a: Attributes, view: base.View, equivalents: Equivalents) -> ResourceName | None:
    """The resource in whose terms a MatchResources is about the request; None if it isn't.

    declared: None is about everything. Raises StatusError (404) when the namespace that is to be looked at is missing.
    """
    own = criteria.name_of(a)
    if declared is None:
        return own
    problem: status.StatusError | None = None
    try:
        if not criteria.selects_namespace(declared.get("namespaceSelector"), a, view):
            return None
    except status.StatusError as found:
        # It matters only if all else matches.
        problem = found
    if not criteria.selects_object(declared.get("objectSelector"), a):
        return None
    fuzzy = declared.get("matchPolicy") == "Equivalent"
    excluded = declared.get("excludeResourceRules")
    if excluded and _by_rules(excluded, a, own, equivalents if fuzzy else None):
        return None
    rules = declared.get("resourceRules")
    found_as = _by_rules(rules, a, own, equivalents if fuzzy else None) if rules else own
    if found_as is not None and problem is not None:
        raise problem
    return found_as


def _by_rules(
    rules: Sequence[Object], a: Attributes, own: ResourceName, equivalents: Equivalents | None
) -> ResourceName | None:
    if any(criteria.rule_matches(rule, own, a) for rule in rules):
        return own
    if equivalents is None or all(_is_exact(rule, own) for rule in rules):
        return None
    others = equivalents()
    for rule in rules:
        for other in others:
            if criteria.rule_matches(rule, other, a):
                return other
    return None


def _is_exact(rule: Object, own: ResourceName) -> bool:
    """Whether a rule could name no other version than the request's: no need to look for one."""
    groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
    return set(groups) <= {own[0], "*"} and set(versions) <= {own[1], "*"}
