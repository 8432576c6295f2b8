"""Validation of container resources: names, quantities, requests against limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.schema import quantity

_CONTAINER: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_WHOLE: Final = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
_STANDARD: Final = (
    _CONTAINER
    | _WHOLE
    | {"storage", "requests.storage"}
    | {f"{prefix}.{name}" for prefix in ("limits", "requests") for name in _CONTAINER}
)
_HUGE: Final = "hugepages-"
_NATIVE: Final = "kubernetes.io/"


def validate(resources: Mapping[str, Any], path: str, claims: frozenset[str] = frozenset()) -> list[FieldError]:
    """Errors in a container's ResourceRequirements. claims: names of the Pod's resourceClaims."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    out = []
    for name, text in limits.items():
        out += _entry(name, text, f"{path}.limits[{name}]")
    for name, text in requests.items():
        out += _entry(name, text, f"{path}.requests[{name}]")
        out += _against_limit(name, text, limits.get(name), path)
    huge = any(name.startswith(_HUGE) for name in (*limits, *requests))
    if huge and not ({"cpu", "memory"} & {*limits, *requests}):
        out.append(field.forbidden(path, "HugePages require cpu or memory"))
    return out + _claims(resources.get("claims") or (), f"{path}.claims", claims)


def _claims(used: Any, path: str, known: frozenset[str]) -> list[FieldError]:
    out = []
    for i, claim in enumerate(used):
        name = claim.get("name", "")
        if not name:
            out.append(field.required(f"{path}[{i}]"))
        elif name not in known:
            out.append(field.not_found(f"{path}[{i}]", name))
    return out


def _entry(name: str, text: str, path: str) -> list[FieldError]:
    out = container_name(name, path) + amount(name, text, path)
    if name.startswith(_HUGE):
        out += _huge_page(name, text, path)
    return out


def container_name(name: str, path: str) -> list[FieldError]:
    """Errors in the name of a resource that containers have."""
    out = resource_name(name, path)
    if "/" not in name and name not in _CONTAINER and not name.startswith(_HUGE):
        out.append(field.invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not _is_extended(name):
        out.append(field.invalid(path, name, "doesn't follow extended resource name standard"))
    return out


def resource_name(name: str, path: str) -> list[FieldError]:
    """Errors in the name of a resource of any kind."""
    out = formats.faults(path, name, formats.label_key(name))
    if not out and "/" not in name and name not in _STANDARD and not name.startswith((_HUGE, f"requests.{_HUGE}")):
        out.append(field.invalid(path, name, "must be a standard resource type or fully qualified"))
    return out


def amount(name: str, text: str, path: str) -> list[FieldError]:
    """Errors in how much of a resource."""
    value = quantity.parse(text)
    if value < 0:
        return [field.invalid(path, text, formats.NOT_NEGATIVE)]
    if (name in _WHOLE or _is_extended(name)) and value % 1:
        return [field.invalid(path, text, "must be an integer")]
    return []


def _huge_page(name: str, text: str, path: str) -> list[FieldError]:
    try:
        size = quantity.parse(name.removeprefix(_HUGE))
    except quantity.QuantityError as error:
        return [field.internal(path, str(error))]
    value = quantity.parse(text)
    if size <= 0 or value < 0 or value % size:
        return [field.invalid(path, text, f"{text} is not positive integer multiple of {name}")]
    return []


def _against_limit(name: str, text: str, limit: str | None, path: str) -> list[FieldError]:
    overcommit = is_native(name) and not name.startswith(_HUGE)
    if limit is None:
        if overcommit:
            return []
        return [field.required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    value, most = quantity.parse(text), quantity.parse(limit)
    if not overcommit and value != most:
        return [field.invalid(f"{path}.requests", text, f"must be equal to {name} limit of {limit}")]
    if value > most:
        return [field.invalid(f"{path}.requests", text, f"must be less than or equal to {name} limit of {limit}")]
    return []


def is_native(name: str) -> bool:
    """Whether Kubernetes itself defines the resource."""
    return "/" not in name or _NATIVE in name


def _is_extended(name: str) -> bool:
    return not is_native(name) and not name.startswith("requests.")


def total(texts: list[str]) -> Decimal:
    return sum((quantity.parse(text) for text in texts), Decimal(0))
