"""Names of drivers, pools, devices, attributes and users in resource.k8s.io."""

from __future__ import annotations

import re
import uuid
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

LONGEST_DOMAIN: Final = 63
LONGEST_ID: Final = 32
_LONGEST_POOL: Final = 253
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_IDENTIFIER_FAULT: Final = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
    "characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is "
    "'[A-Za-z_][A-Za-z0-9_]*')"
)


def label(name: str, path: str) -> list[FieldError]:
    return formats.faults(path, name, formats.label(name))


def driver(name: str, path: str) -> list[FieldError]:
    """Named as CSI drivers are."""
    if not name:
        return [field.required(path)]
    out = [field.too_long(path, LONGEST_DOMAIN)] if len(name) > LONGEST_DOMAIN else []
    return out + formats.faults(path, name, formats.subdomain(name.lower()))


def pool(name: str, path: str) -> list[FieldError]:
    """One or more domain names, separated by slashes."""
    if not name:
        return [field.required(path)]
    out = [field.too_long(path, _LONGEST_POOL)] if len(name) > _LONGEST_POOL else []
    for part in name.split("/"):
        out += formats.faults(path, part, formats.subdomain(part))
    return out


def device_class(name: str, path: str) -> list[FieldError]:
    return formats.faults(path, name, formats.subdomain(name)) if name else [field.required(path)]


def qualified(name: str, path: str) -> list[FieldError]:
    """An identifier, with a domain before it or not."""
    parts = name.split("/")
    if len(parts) == 1:
        return _identifier(name, path)
    if len(parts) > 2:
        return [field.invalid(path, name, "must not contain more than one slash")]
    domain, identifier = parts
    out = driver(domain, path) if domain else [field.invalid(path, "", "the domain must not be empty")]
    if identifier:
        return out + _identifier(identifier, path)
    return [*out, field.invalid(path, "", "the name must not be empty")]


def fully_qualified(name: str, path: str) -> list[FieldError]:
    out = qualified(name, path)
    if "/" not in name:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        out.append(field.invalid(path, name, detail))
    return out


def _identifier(text: str, path: str) -> list[FieldError]:
    out = [field.too_long(path, LONGEST_ID)] if len(text) > LONGEST_ID else []
    return out if _IDENTIFIER.fullmatch(text) else [*out, field.invalid(path, text, _IDENTIFIER_FAULT)]


def uid(text: str, path: str) -> list[FieldError]:
    try:
        if str(uuid.UUID(text)) == text:
            return []
    except ValueError:
        detail = f"error validating uid: {_uid_fault(text)}"
        return [field.invalid(path, text, detail)]
    detail = (
        "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal "
        "characters"
    )
    return [field.invalid(path, text, detail)]


def _uid_fault(text: str) -> str:
    return f"invalid UUID length: {len(text)}" if len(text) not in (32, 36, 38, 45) else "invalid UUID format"
