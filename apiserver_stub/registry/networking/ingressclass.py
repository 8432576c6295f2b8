"""IngressClass: its controller never changes, its parameters are in a namespace or in the cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.networking import references

Object = base.Object

_LONGEST: Final = 250
_PATH_CHARACTERS: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_PATH: Final = re.compile(_PATH_CHARACTERS, re.ASCII)


class IngressClasses(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        controller = spec.get("controller", "")
        out = []
        if not controller:
            out.append(field.required("spec.controller"))
        else:
            if len(controller) > _LONGEST:
                out.append(field.too_long("spec.controller", _LONGEST))
            out += _prefixed_path(controller, "spec.controller")
        if spec.get("parameters") is not None:
            out += _parameters(spec["parameters"], "spec.parameters")
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        new, before = obj["spec"].get("controller", ""), old["spec"].get("controller", "")
        return formats.unchanged("spec.controller", new, before) + self.validate(obj)


def _prefixed_path(text: str, path: str) -> list[FieldError]:
    """example.com/some/path."""
    host, slash, rest = text.partition("/")
    if not slash or not host or not rest:
        detail = 'must be a domain-prefixed path (such as "acme.io/foo")'
        return [field.invalid(path, text, detail)]
    out = formats.faults(path, host, formats.subdomain(host))
    if not _PATH.fullmatch(rest):
        out.append(field.invalid(path, rest, f"Invalid path (regex used for validation is '{_PATH_CHARACTERS}')"))
    return out


def _parameters(parameters: Mapping[str, Any], path: str) -> list[FieldError]:
    out = references.typed(parameters, path)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope is None:
        return [*out, field.required(f"{path}.scope")]
    if scope not in ("Cluster", "Namespace"):
        out.append(field.not_supported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Namespace":
        if namespace is None:
            out.append(field.required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        else:
            out += formats.faults(f"{path}.namespace", namespace, formats.label(namespace))
    elif namespace is not None:
        out.append(field.forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return out
