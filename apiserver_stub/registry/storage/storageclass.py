"""StorageClass: who provisions volumes, and how; all of it is settled at creation."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.storage import drivers

Object = base.Object

_RECLAIM: Final = ("Delete", "Retain")
_BINDING: Final = ("Immediate", "WaitForFirstConsumer")
_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"
_OLD_DEFAULT: Final = "storageclass.beta.kubernetes.io/is-default-class"


class StorageClasses(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        out = drivers.provisioner(obj.get("provisioner", ""), "provisioner")
        out += drivers.parameters(obj.get("parameters"), "parameters")
        policy, mode = obj.get("reclaimPolicy"), obj.get("volumeBindingMode")
        if policy and policy not in _RECLAIM:
            out.append(field.not_supported("reclaimPolicy", policy, _RECLAIM))
        if mode is not None and mode not in _BINDING:
            out.append(field.not_supported("volumeBindingMode", mode, _BINDING))
        return out + _topologies(obj.get("allowedTopologies") or [])

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = self.validate(obj)
        for name in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
            out += formats.unchanged(name, obj.get(name), old.get(name))
        return out


def _topologies(terms: list[Object]) -> list[FieldError]:
    out = []
    seen: list[dict[str, set[str]]] = []
    for i, term in enumerate(terms):
        path = f"allowedTopologies[{i}]"
        chosen, found = _term(term, path)
        out += found
        if chosen in seen:
            out.append(field.duplicate(f"{path}.matchLabelExpressions", ""))
        seen.append(chosen)
    return out


def _term(term: Object, path: str) -> tuple[dict[str, set[str]], list[FieldError]]:
    chosen: dict[str, set[str]] = {}
    out: list[FieldError] = []
    for i, rule in enumerate(term.get("matchLabelExpressions") or ()):
        here, key, values = f"{path}.matchLabelExpressions[{i}]", rule.get("key", ""), rule.get("values") or []
        if not values:
            out.append(field.required(f"{here}.values"))
        known: set[str] = set()
        for j, value in enumerate(values):
            if value in known:
                out.append(field.duplicate(f"{here}.values[{j}]", value))
            known.add(value)
        out += formats.faults(f"{here}.key", key, formats.label_key(key))
        if key in chosen:
            out.append(field.duplicate(f"{here}.key", key))
        chosen[key] = known
    return chosen, out


def default_class(view: base.View) -> str | None:
    """The class of claims that name none: the newest of those marked as default, the first by name among equals.

    See "Default StorageClass" of the Kubernetes documentation on storage classes.
    """
    marked = [obj for obj in view.list("storage.k8s.io", "storageclasses") if _is_default(obj)]
    marked.sort(key=lambda obj: obj["metadata"]["name"])
    newest = max(marked, key=lambda obj: obj["metadata"].get("creationTimestamp") or "", default=None)
    return newest["metadata"]["name"] if newest else None


def _is_default(obj: Object) -> bool:
    annotations = obj["metadata"].get("annotations") or {}
    return "true" in (annotations.get(_DEFAULT), annotations.get(_OLD_DEFAULT))
