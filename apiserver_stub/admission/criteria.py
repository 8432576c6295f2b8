"""Which requests a webhook or policy is about: rules, namespace selector, object selector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.registry import base, selector

Object = Mapping[str, Any]
# Group, version and plural name.
ResourceName = tuple[str, str, str]

NAMESPACES: Final[ResourceName] = ("", "v1", "namespaces")
# Nobody may lock himself out of changing what locks him out.
_EXEMPT: Final = frozenset(
    {
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    }
)


def is_exempt(resource: ResourceName) -> bool:
    """Whether no webhook and no policy is ever asked about the resource."""
    return resource[0] == "admissionregistration.k8s.io" and resource[2] in _EXEMPT


def name_of(a: Attributes) -> ResourceName:
    return a.resource.group, a.resource.version, a.resource.name


def namespace_of(a: Attributes) -> str:
    """The request's namespace; a Namespace is in itself."""
    return a.name if name_of(a) == NAMESPACES else a.namespace


def rule_matches(rule: Object, resource: ResourceName, a: Attributes) -> bool:
    """rule: RuleWithOperations, perhaps with resourceNames. resource: in whose name the request is judged."""
    group, version, plural = resource
    return (
        _has(rule.get("apiGroups"), group)
        and _has(rule.get("apiVersions"), version)
        and _has(rule.get("operations"), a.operation)
        and _in_scope(rule.get("scope"), resource, a)
        and _names(rule.get("resources"), plural, a.subresource)
        and (not rule.get("resourceNames") or a.name in rule["resourceNames"])
    )


def _has(wanted: list[str] | None, value: str) -> bool:
    return wanted is not None and ("*" in wanted or value in wanted)


def _names(wanted: list[str] | None, plural: str, subresource: str) -> bool:
    for text in wanted or ():
        name, _, part = text.partition("/")
        if name in ("*", plural) and part in ("*", subresource):
            return True
    return False


def _in_scope(scope: str | None, resource: ResourceName, a: Attributes) -> bool:
    if scope in (None, "", "*"):
        return True
    is_cluster = resource == NAMESPACES or not a.namespace
    return is_cluster == (scope == "Cluster")


def selects_object(wanted: Object | None, a: Attributes) -> bool:
    """Whether the object as it is to be or as it was has the labels."""
    if wanted is None or selector.is_empty(wanted):
        return True
    return any(selector.matches(wanted, _labels(obj)) for obj in (a.obj, a.old) if obj is not None)


def _labels(obj: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = (obj.get("metadata") or {}).get("labels") or {}
    return found


def selects_namespace(wanted: Object | None, a: Attributes, view: base.View) -> bool:
    """Whether the request's namespace has the labels; what is in none is always meant.

    Raises StatusError (404) when the namespace is missing.
    """
    is_namespace = name_of(a) == NAMESPACES
    if (not a.namespace and not is_namespace) or wanted is None or selector.is_empty(wanted):
        return True
    if is_namespace and not a.subresource and a.operation in ("CREATE", "UPDATE") and a.obj is not None:
        return selector.matches(wanted, _labels(a.obj))
    name = namespace_of(a)
    namespace = view.get("", "namespaces", "", name)
    if namespace is None:
        raise status.not_found(("", "namespaces"), name)
    return selector.matches(wanted, _labels(namespace))
