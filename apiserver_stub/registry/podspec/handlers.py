"""Validation of probes and lifecycle hooks: exactly one handler, and sensible numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Object = Mapping[str, Any]

_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def lifecycle(hooks: Object | None, path: str, grace: int) -> list[FieldError]:
    out = []
    for name in ("postStart", "preStop"):
        if hooks and hooks.get(name) is not None:
            out += _handler(hooks[name], f"{path}.{name}", grace)
    return out


def liveness(probe: Object | None, path: str, grace: int) -> list[FieldError]:
    """A liveness or startup probe."""
    out = _probe(probe, path, grace)
    if probe and probe.get("successThreshold") != 1:
        out.append(field.invalid(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1"))
    return out


def readiness(probe: Object | None, path: str, grace: int) -> list[FieldError]:
    out = _probe(probe, path, grace)
    seconds = probe.get("terminationGracePeriodSeconds") if probe else None
    if seconds is not None:
        out.append(
            field.invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must not be set for readinessProbes")
        )
    return out


def _probe(probe: Object | None, path: str, grace: int) -> list[FieldError]:
    if not probe:
        return []
    out = _handler(probe, path, grace)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        out += formats.not_negative(f"{path}.{name}", probe.get(name))
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        out.append(field.invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0"))
    return out


def _handler(handler: Object, path: str, grace: int) -> list[FieldError]:
    out = []
    found = 0
    for name in _HANDLERS:
        action = handler.get(name)
        if action is None:
            continue
        if found:
            out.append(field.forbidden(f"{path}.{name}", "may not specify more than 1 handler type"))
            continue
        found += 1
        out += _action(name, action, f"{path}.{name}", grace)
    if not found:
        out.append(field.required(path, "must specify a handler type"))
    return out


def _action(name: str, action: Object, path: str, grace: int) -> list[FieldError]:
    if name == "exec":
        return [] if action.get("command") else [field.required(f"{path}.command")]
    if name == "httpGet":
        return _http(action, path)
    if name == "tcpSocket":
        return port(action.get("port", 0), f"{path}.port")
    if name == "grpc":
        return formats.faults(f"{path}.port", action.get("port", 0), formats.port(action.get("port", 0)))
    seconds = action.get("seconds", 0)
    if 0 <= seconds <= grace:
        return []
    detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
    return [field.invalid(f"{path}.seconds", seconds, detail)]


def _http(action: Object, path: str) -> list[FieldError]:
    out = [] if action.get("path") else [field.required(f"{path}.path")]
    out += port(action.get("port", 0), f"{path}.port")
    scheme = action.get("scheme", "")
    if scheme not in ("HTTP", "HTTPS"):
        out.append(field.not_supported(f"{path}.scheme", scheme, ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        out += formats.faults(f"{path}.httpHeaders", name, formats.header_name(name))
    return out


def port(value: int | str, path: str) -> list[FieldError]:
    """A port's number or name."""
    found = formats.port(value) if isinstance(value, int) else formats.port_name(value)
    return formats.faults(path, value, found)
