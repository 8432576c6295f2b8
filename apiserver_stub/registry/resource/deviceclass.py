"""DeviceClass: selectors and configuration for devices of one sort."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.resource import claim_validation, lists, selectors

Object = base.Object

_MOST: Final = 32


class DeviceClasses(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        return _spec(obj["spec"], {})

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return _spec(obj["spec"], old["spec"])


def _spec(spec: Object, old: Object) -> list[FieldError]:
    """What is as it was before is not compiled and measured again."""
    out = []
    chosen, config = spec.get("selectors") or [], spec.get("config") or []
    if chosen != old.get("selectors"):
        out += lists.each(chosen, _MOST, "spec.selectors", selectors.validate)
    if config != old.get("config"):
        out += lists.each(config, _MOST, "spec.config", claim_validation.configuration)
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended_resource(name):
        out.append(field.invalid("spec.extendedResourceName", name, "must be a valid extended resource name"))
    return out


def is_extended_resource(name: str) -> bool:
    """A name with a domain that is not Kubernetes' own, fit for a quota's "requests." before it."""
    if "/" not in name or "kubernetes.io/" in name or name.startswith("requests."):
        return False
    return not formats.label_key(f"requests.{name}")
