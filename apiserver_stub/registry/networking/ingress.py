"""Ingress: its class, where requests go, and which addresses it reports."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, ip
from apiserver_stub.registry.networking import ingress_validation

Object = base.Object

_CLASS: Final = "kubernetes.io/ingress.class"
_IS_DEFAULT: Final = "ingressclass.kubernetes.io/is-default-class"
_NO_ADDRESS: Final = "must be a DNS name, not an IP address"


class Ingresses(base.Kind):
    def prepare_create(self, obj: Object) -> None:
        """DefaultIngressClass: who names no class gets the default one, the newest if there are several."""
        super().prepare_create(obj)
        if obj["spec"].get("ingressClassName") is None and _CLASS not in _annotations(obj):
            chosen = "" if "DefaultIngressClass" in self.view.off else self._default_class()
            if chosen:
                obj["spec"]["ingressClassName"] = chosen

    def _default_class(self) -> str:
        found = [
            item["metadata"]
            for item in self.view.list("networking.k8s.io", "ingressclasses")
            if _annotations(item).get(_IS_DEFAULT) == "true"
        ]
        # By name first: the sort is stable, so of the newest the first name wins.
        found.sort(key=lambda meta: str(meta["name"]))
        found.sort(key=lambda meta: str(meta.get("creationTimestamp") or ""), reverse=True)
        return found[0]["name"] if found else ""

    def validate(self, obj: Object) -> list[FieldError]:
        out = ingress_validation.spec(obj["spec"], None)
        given, chosen = _annotations(obj).get(_CLASS), obj["spec"].get("ingressClassName")
        if given is not None and chosen is not None and given != chosen:
            detail = "must match `ingressClassName` when both are specified"
            out.append(field.invalid(f"annotations.{_CLASS}", given, detail))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return ingress_validation.spec(obj["spec"], old["spec"])

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        known = {item.get("ip") for item in _reported(old)}
        out = []
        for i, item in enumerate(_reported(obj)):
            here = f"status.loadBalancer.ingress[{i}]"
            address, name = item.get("ip"), item.get("hostname")
            if address and address not in known:
                out += formats.faults(f"{here}.ip", address, ip.legacy(address))
            if name:
                out += formats.faults(f"{here}.hostname", name, formats.subdomain(name))
                if ip.is_address(name):
                    out.append(field.invalid(f"{here}.hostname", name, _NO_ADDRESS))
        return out

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if old is None and _CLASS in _annotations(obj):
            return [f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"]
        return []


def _annotations(obj: Object) -> Object:
    found: Object = obj["metadata"].get("annotations") or {}
    return found


def _reported(obj: Object) -> list[Object]:
    found: list[Object] = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return found
