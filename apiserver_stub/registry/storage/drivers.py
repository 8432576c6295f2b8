"""What the kinds of storage.k8s.io share: names of drivers and their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

_LONGEST_NAME: Final = 63
_MOST_PARAMETERS: Final = 512
_PARAMETERS_SIZE: Final = 256 * 1024


def csi_name(name: str, path: str) -> list[FieldError]:
    """The name of a CSI driver."""
    if not name:
        return [field.required(path)]
    out = [field.too_long(path, _LONGEST_NAME)] if len(name) > _LONGEST_NAME else []
    return out + formats.faults(path, name, formats.subdomain(name.lower()))


def provisioner(name: str, path: str) -> list[FieldError]:
    """A provisioner: any qualified name."""
    if not name:
        return [field.required(path)]
    return formats.faults(path, name.lower(), formats.label_key(name.lower()))


def parameters(given: Mapping[str, str] | None, path: str, *, needed: bool = False) -> list[FieldError]:
    """Opaque parameters of a driver. needed: there must be one at least."""
    given = given or {}
    if len(given) > _MOST_PARAMETERS:
        return [field.too_long(path, _MOST_PARAMETERS)]
    out = [field.invalid(path, key, "field can not be empty.") for key in given if not key]
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > _PARAMETERS_SIZE:
        out.append(field.too_long(path, _PARAMETERS_SIZE))
    if needed and not given:
        out.append(field.required(path, "must contain at least one key/value pair"))
    return out
