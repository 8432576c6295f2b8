"""Validation of an Ingress' spec, in upstream's order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, ip
from apiserver_stub.registry.networking import references

Object = Mapping[str, Any]

_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_NOT_IN_PATHS: Final = ("//", "/./", "/../", "%2f", "%2F")
_NO_PATH_ENDS: Final = ("/..", "/.")
_WILDCARD: Final = re.compile(r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_WILDCARD_FAULT: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    r"regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def spec(value: Object, old: Object | None) -> list[FieldError]:
    """old: the spec that is replaced; secrets' names and rules of wildcard hosts that were wrong may stay wrong."""
    rules, backend = value.get("rules") or (), value.get("defaultBackend")
    out = []
    if not rules and backend is None:
        out.append(field.invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        out += _backend(backend, "spec.defaultBackend")
    lenient = any("*" in rule.get("host", "") and _http(rule, "") for rule in (old or {}).get("rules") or ())
    for i, rule in enumerate(rules):
        out += _rule(rule, f"spec.rules[{i}]", lenient=lenient)
    out += _tls(value, old)
    chosen = value.get("ingressClassName")
    if chosen is not None:
        out += formats.faults("spec.ingressClassName", chosen, formats.subdomain(chosen))
    return out


def _host(text: str, path: str) -> list[FieldError]:
    if "*" not in text:
        return formats.faults(path, text, formats.subdomain(text))
    out = []
    if len(text) > 253:
        out.append(field.invalid(path, text, "must be no more than 253 characters"))
    if not _WILDCARD.fullmatch(text):
        out.append(field.invalid(path, text, _WILDCARD_FAULT))
    return out


def _rule(rule: Object, path: str, *, lenient: bool) -> list[FieldError]:
    host = rule.get("host", "")
    out = []
    if host:
        if ip.is_address(host):
            out.append(field.invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        out += _host(host, f"{path}.host")
    return out if lenient and "*" in host else out + _http(rule, path)


def _http(rule: Object, path: str) -> list[FieldError]:
    http = rule.get("http")
    if http is None:
        return []
    paths = http.get("paths") or ()
    if not paths:
        return [field.required(f"{path}.http.paths")]
    out = []
    for i, item in enumerate(paths):
        out += _path(item, f"{path}.http.paths[{i}]")
    return out


def _path(item: Object, path: str) -> list[FieldError]:
    kind, text = item.get("pathType"), item.get("path", "")
    here = f"{path}.path"
    if kind is None:
        return [field.required(f"{path}.pathType", "pathType must be specified")]
    out = []
    if kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            out.append(field.invalid(here, text, "must be an absolute path"))
        out += [field.invalid(here, text, f"must not contain '{part}'") for part in _NOT_IN_PATHS if part in text]
        out += [field.invalid(here, text, f"cannot end with '{end}'") for end in _NO_PATH_ENDS if text.endswith(end)]
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            out.append(field.invalid(here, text, "must be an absolute path"))
    else:
        out.append(field.not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    return out + _backend(item.get("backend") or {}, f"{path}.backend")


def _backend(backend: Object, path: str) -> list[FieldError]:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [field.invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return references.typed(resource, f"{path}.resource")
    if service is None:
        return [field.invalid(path, "", "resource or service backend is required")]
    name = service.get("name", "")
    if not name:
        out = [field.required(f"{path}.service.name")]
    else:
        out = formats.faults(f"{path}.service.name", name, formats.label(name))
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        out.append(field.invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        out += formats.faults(f"{path}.service.port.name", port["name"], formats.port_name(port["name"]))
    elif port.get("number"):
        out += formats.faults(f"{path}.service.port.number", port["number"], formats.port(port["number"]))
    else:
        out.append(field.required(path, "port name or number is required"))
    return out


def _secret_faults(item: Object) -> list[str]:
    name = item.get("secretName", "")
    return formats.subdomain(name) if name else []


def _tls(value: Object, old: Object | None) -> list[FieldError]:
    lenient = any(_secret_faults(item) for item in (old or {}).get("tls") or ())
    out = []
    for i, item in enumerate(value.get("tls") or ()):
        for j, host in enumerate(item.get("hosts") or ()):
            out += _host(host, f"spec.tls[{i}].hosts[{j}]")
        if not lenient:
            out += formats.faults(f"spec.tls[{i}].secretName", item.get("secretName", ""), _secret_faults(item))
    return out
