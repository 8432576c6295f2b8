"""ConfigMap: keys, size, and what `immutable` forbids."""

from __future__ import annotations

import base64
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object

MAX_SIZE: Final = 1024 * 1024
_IMMUTABLE: Final = "field is immutable when `immutable` is set"


class ConfigMaps(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        out = []
        size = 0
        for key, value in data.items():
            out += formats.faults(f"data[{key}]", key, formats.config_key(key))
            if key in binary:
                out.append(field.invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
            size += len(value.encode())
        for key, value in binary.items():
            out += formats.faults(f"binaryData[{key}]", key, formats.config_key(key))
            size += decoded_size(value)
        if size > MAX_SIZE:
            out.append(field.too_long("", MAX_SIZE))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return immutable(obj, old, ("data", "binaryData")) + self.validate(obj)


def decoded_size(text: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(base64.b64decode(text))


def immutable(obj: Object, old: Object, names: tuple[str, ...]) -> list[FieldError]:
    """What an object that was marked immutable may not change."""
    if not old.get("immutable"):
        return []
    out = []
    if not obj.get("immutable"):
        out.append(field.forbidden("immutable", _IMMUTABLE))
    out += [field.forbidden(name, _IMMUTABLE) for name in names if (obj.get(name) or {}) != (old.get(name) or {})]
    return out
