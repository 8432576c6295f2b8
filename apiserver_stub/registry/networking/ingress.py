"""Ingress: the warning about its old annotation."""

from __future__ import annotations

from typing import Final

from apiserver_stub.registry import base

Object = base.Object

_CLASS: Final = "kubernetes.io/ingress.class"


class Ingresses(base.Kind):
    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if old is None and _CLASS in (obj["metadata"].get("annotations") or {}):
            return [f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"]
        return []
