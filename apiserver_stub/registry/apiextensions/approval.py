"""Groups of the Kubernetes project may only be used with its approval; see api-approved.kubernetes.io."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from apiserver_stub.registry.apiextensions import conditions

Object = dict[str, Any]

CONDITION: Final = "KubernetesAPIApprovalPolicyConformant"
_ANNOTATION: Final = "api-approved.kubernetes.io"
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"


def is_protected(group: str) -> bool:
    """Whether a group belongs to the Kubernetes project."""
    return f".{group}".endswith((".k8s.io", ".kubernetes.io"))


def judge(annotations: Mapping[str, str]) -> tuple[str, str, str]:
    """Status, reason and message of the condition, by the definition's annotations."""
    value = annotations.get(_ANNOTATION, "")
    must = f'protected groups must have approval annotation "{_ANNOTATION}"'
    if not value:
        return "False", "MissingAnnotation", f"{must}, {_SEE}"
    if value.startswith("unapproved"):
        return "False", "UnapprovedAnnotation", f'not approved: "{value}"'
    if _is_url(value):
        return "True", "ApprovedAnnotation", f"approved in {value}"
    return "False", "InvalidAnnotation", f'{must} with either a URL or a reason starting with "unapproved", {_SEE}'


def decide(crd: Object, now: str) -> bool:
    """Puts the condition in place where the group is protected; whether anything changed."""
    if not is_protected(crd["spec"]["group"]):
        return False
    state = judge(crd["metadata"].get("annotations") or {})
    return conditions.put(crd.setdefault("status", {}), CONDITION, *state, now)


def _is_url(text: str) -> bool:
    try:
        found = urlsplit(text)
    except ValueError:
        return False
    return bool(found.scheme and found.netloc)
