"""Secret: stringData, keys that a type needs, and what `immutable` forbids."""

from __future__ import annotations

import base64
from typing import Final

import orjson

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.core import configmap
from apiserver_stub.schema import jsonsyntax

Object = base.Object

_ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
_REDACTED: Final = "<secret contents redacted>"
_DOCKER: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}


class Secrets(base.Kind):
    def default(self, obj: Object) -> None:
        for key, text in (obj.pop("stringData", None) or {}).items():
            obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
        super().default(obj)

    def validate(self, obj: Object) -> list[FieldError]:
        out = []
        size = 0
        for key, value in (obj.get("data") or {}).items():
            out += formats.faults(f"data[{key}]", key, formats.config_key(key))
            size += configmap.decoded_size(value)
        if size > configmap.MAX_SIZE:
            out.append(field.too_long("data", configmap.MAX_SIZE))
        return out + _by_type(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = formats.unchanged("type", obj.get("type", ""), old.get("type", ""))
        return out + configmap.immutable(obj, old, ("data",)) + self.validate(obj)

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        # A client that says nothing about the type keeps it.
        if not obj.get("type"):
            obj["type"] = old.get("type", "Opaque")

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"type": obj.get("type", "")}


def _by_type(obj: Object) -> list[FieldError]:
    kind, data = obj.get("type", ""), obj.get("data") or {}
    if kind == "kubernetes.io/service-account-token":
        annotations = obj["metadata"].get("annotations") or {}
        if not annotations.get(_ACCOUNT_NAME):
            return [field.required(f"metadata.annotations[{_ACCOUNT_NAME}]")]
    elif kind in _DOCKER:
        return _docker(_DOCKER[kind], data)
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            return [field.required("data[username]"), field.required("data[password]")]
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            return [field.required("data[ssh-privatekey]")]
    elif kind == "kubernetes.io/tls":
        return [field.required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _docker(key: str, data: dict[str, str]) -> list[FieldError]:
    if key not in data:
        return [field.required(f"data[{key}]")]
    content = base64.b64decode(data[key])
    fault = jsonsyntax.error(content)
    if fault is None:
        value = orjson.loads(content) if content.strip() else None
        if value is None or isinstance(value, dict):
            return []
        fault = "json: cannot unmarshal into Go value of type map[string]interface {}"
    return [field.invalid(f"data[{key}]", _REDACTED, fault)]
