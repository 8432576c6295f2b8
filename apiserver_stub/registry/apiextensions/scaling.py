"""The Scale of a custom resource: read from and written into the paths that its definition names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field, status
from apiserver_stub.registry.apiextensions import paths

Object = dict[str, Any]

_UNSET: Final = -(2**31)
_LARGEST: Final = 2**31 - 1
_META: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class CustomScale:
    """declared: spec.versions[].subresources.scale of the definition."""

    def __init__(self, declared: Mapping[str, str]) -> None:
        self._declared = declared
        self.replicas_path = paths.split(declared["specReplicasPath"])
        self._status_path = paths.split(declared["statusReplicasPath"])
        selector = declared.get("labelSelectorPath") or ""
        self._selector_path = paths.split(selector) if selector else None

    def of(self, obj: Object) -> Object:
        """The Scale of an object. Raises StatusError (500) where there are no replicas to read."""
        found = self.live(obj)
        if found["spec"].get("replicas") == _UNSET:
            declared = self._declared["specReplicasPath"]
            raise status.internal(f'the spec replicas field "{declared}" does not exist')
        return found

    def live(self, obj: Object) -> Object:
        """The Scale that a change starts from; an impossible number stands for replicas that nobody has set."""
        try:
            replicas = paths.integer(obj, self.replicas_path)
            shown: Object = {"replicas": paths.integer(obj, self._status_path) or 0}
            if self._selector_path and (selector := paths.string(obj, self._selector_path)):
                shown["selector"] = selector
        except paths.PathError as problem:
            raise status.unknown(str(problem)) from None
        if replicas is None:
            replicas = _UNSET
        meta = obj["metadata"]
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {name: meta[name] for name in _META if name in meta},
            "spec": {"replicas": replicas} if replicas else {},
            "status": shown,
        }

    def put(self, obj: Object, scale: Object) -> Object:
        """The object with the Scale's replicas; how many there may be is checked with the object.

        Raises StatusError (400) where the replicas were not set and still are not.
        """
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if replicas == _UNSET:
            declared = self._declared["specReplicasPath"]
            raise status.bad_request(f'the spec replicas field "{declared}" cannot be empty')
        if scale_version := (scale.get("metadata") or {}).get("resourceVersion"):
            obj["metadata"]["resourceVersion"] = scale_version
        try:
            paths.put(obj, self.replicas_path, replicas)
        except paths.PathError as problem:
            raise status.unknown(str(problem)) from None
        return obj

    def faults(self, obj: Object) -> list[field.FieldError]:
        """What is wrong with the replicas and the selector of an object."""
        out = _replicas(obj, self._declared["specReplicasPath"], self.replicas_path)
        if self._selector_path:
            try:
                paths.string(obj, self._selector_path)
            except paths.PathError as problem:
                out.append(field.invalid(self._declared["labelSelectorPath"], "", str(problem)))
        return out

    def status_faults(self, obj: Object) -> list[field.FieldError]:
        return _replicas(obj, self._declared["statusReplicasPath"], self._status_path)


def _replicas(obj: Object, name: str, path: paths.Path) -> list[field.FieldError]:
    try:
        replicas = paths.integer(obj, path) or 0
    except paths.PathError as problem:
        return [field.invalid(name, 0, str(problem))]
    if replicas < 0:
        return [field.invalid(name, replicas, "should be a non-negative integer")]
    if replicas > _LARGEST:
        return [field.invalid(name, replicas, f"should be less than or equal to {_LARGEST}")]
    return []
