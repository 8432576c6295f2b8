"""Names of a CustomResourceDefinition: its own, its group's, and those of the kind that it defines."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Object = dict[str, Any]

_SCOPES: Final = ("Cluster", "Namespaced")
_MIXED_CASE: Final = "may have mixed case, but should otherwise match: "
_APPROVED: Final = "api-approved.kubernetes.io"
_PULL: Final = "see https://github.com/kubernetes/enhancements/pull/1111"
_REQUIRED: Final = ("plural", "singular", "kind", "listKind")


def object_name(obj: Object) -> list[FieldError]:
    name = obj["metadata"].get("name", "")
    spec = obj["spec"]
    expected = f"{spec['names'].get('plural', '')}.{spec.get('group', '')}"
    if not name or name == expected:
        return []
    return [field.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]


def group(name: str) -> list[FieldError]:
    if not name:
        return [field.required("spec.group")]
    found = formats.subdomain(name)
    if found:
        return [field.invalid("spec.group", name, ",".join(found))]
    if "." not in name:
        return [field.invalid("spec.group", name, "should be a domain with at least one dot")]
    return []


def scope(value: str) -> list[FieldError]:
    return formats.one_of("spec.scope", value, _SCOPES)


def required(names: Object) -> list[FieldError]:
    """What the spec must have, though the status need not."""
    return [field.required(f"spec.names.{name}") for name in _REQUIRED if not names.get(name)]


def names(value: Object, path: str) -> list[FieldError]:
    """spec.names or status.acceptedNames."""
    out = []
    for name in ("plural", "singular"):
        out += _label(f"{path}.{name}", value.get(name, ""))
    for name in ("kind", "listKind"):
        out += _mixed_case(f"{path}.{name}", value.get(name, ""))
    for i, text in enumerate(value.get("shortNames") or ()):
        out += _label(f"{path}.shortNames[{i}]", text, may_be_empty=False)
    kind = value.get("kind")
    if kind and kind == value.get("listKind"):
        out.append(field.invalid(f"{path}.listKind", kind, "kind and listKind may not be the same"))
    for i, text in enumerate(value.get("categories") or ()):
        out += _label(f"{path}.categories[{i}]", text, may_be_empty=False)
    return out


def _label(path: str, text: str, *, may_be_empty: bool = True) -> list[FieldError]:
    found = [] if may_be_empty and not text else formats.label_1035(text)
    return [field.invalid(path, text, ",".join(found))] if found else []


def _mixed_case(path: str, text: str) -> list[FieldError]:
    found = formats.label_1035(text.lower()) if text else []
    return [field.invalid(path, text, _MIXED_CASE + ",".join(found))] if found else []


def approval(obj: Object, old: Object | None) -> list[FieldError]:
    """Groups of the Kubernetes community need an annotation that says who approved of the API (KEP-1111)."""
    name = obj["spec"].get("group", "")
    if not is_protected(name):
        return []
    state, reason = approval_state(obj)
    if state in ("approved", "bypassed") or (old is not None and approval_state(old)[0] == state):
        return []
    path = f"metadata.annotations[{_APPROVED}]"
    if state == "missing":
        return [field.required(path, reason)]
    return [field.invalid(path, obj["metadata"]["annotations"][_APPROVED], reason)]


def is_protected(group_name: str) -> bool:
    """Whether a group belongs to the Kubernetes community."""
    return f".{group_name}".endswith((".k8s.io", ".kubernetes.io"))


def approval_state(obj: Object) -> tuple[str, str]:
    """One of missing, bypassed, approved and invalid; and why."""
    text = (obj["metadata"].get("annotations") or {}).get(_APPROVED, "")
    needed = f'protected groups must have approval annotation "{_APPROVED}"'
    if not text:
        return "missing", f"{needed}, {_PULL}"
    if text.startswith("unapproved"):
        return "bypassed", f"not approved: {field.quote(text)}"
    if _is_url(text):
        return "approved", f"approved in {text}"
    return "invalid", f'{needed} with either a URL or a reason starting with "unapproved", {_PULL}'


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return bool(url.scheme and url.netloc)
