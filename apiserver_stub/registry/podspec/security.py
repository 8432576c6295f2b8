"""Validation of security contexts, of containers and of Pods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.podspec import golang, volumes

Object = Mapping[str, Any]

_ID_MAX: Final = 2**31 - 1
_SYSCTL_PATTERN: Final = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?", re.ASCII)


def container(context: Object | None, path: str, *, host_users: bool = True) -> list[FieldError]:
    """host_users: whether the Pod runs in the node's own user namespace."""
    if not context:
        return []
    out = _identities(context, path)
    if context.get("procMount") not in (None, "Default", "Unmasked"):
        out.append(field.not_supported(f"{path}.procMount", context["procMount"], ("Default", "Unmasked")))
    if host_users and context.get("procMount") == "Unmasked":
        detail = "`hostUsers` must be false to use `Unmasked`"
        out.append(field.invalid(f"{path}.procMount", "Unmasked", detail))
    out += _seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    out += _app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    if context.get("allowPrivilegeEscalation") is False:
        shown = golang.struct("SecurityContext", context)
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            out.append(field.invalid(path, shown, detail))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            out.append(field.invalid(path, shown, detail))
    return out


def _identities(context: Object, path: str) -> list[FieldError]:
    out = []
    for name in ("runAsUser", "runAsGroup"):
        out += _identity(context.get(name), f"{path}.{name}")
    return out


def _identity(number: int | None, path: str) -> list[FieldError]:
    return [] if number is None else formats.faults(path, number, formats.in_range(number, 0, _ID_MAX))


def pod(spec: Object, path: str, here: str) -> list[FieldError]:
    """The Pod's own context. path: of the PodSpec; here: of the context."""
    context = spec.get("securityContext") or {}
    out = []
    if spec.get("hostNetwork"):
        out += _host_ports(spec.get("containers") or (), f"{path}.containers")
    out += _identity(context.get("fsGroup"), f"{here}.fsGroup")
    out += _identities(context, here)
    for i, group in enumerate(context.get("supplementalGroups") or ()):
        out += _identity(group, f"{here}.supplementalGroups[{i}]")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        out.append(field.invalid(f"{here}.shareProcessNamespace", True, detail))
    out += _sysctls(context.get("sysctls") or (), f"{here}.sysctls")
    policy = context.get("fsGroupChangePolicy")
    if policy not in (None, "Always", "OnRootMismatch"):
        out.append(field.not_supported(f"{here}.fsGroupChangePolicy", policy, ("Always", "OnRootMismatch")))
    out += _seccomp(context.get("seccompProfile"), f"{here}.seccompProfile")
    out += _app_armor(context.get("appArmorProfile"), f"{here}.appArmorProfile")
    policy = context.get("supplementalGroupsPolicy")
    if policy not in (None, "Merge", "Strict"):
        out.append(field.not_supported(f"{here}.supplementalGroupsPolicy", policy, ("Merge", "Strict")))
    return out


def _host_ports(containers: Any, path: str) -> list[FieldError]:
    out = []
    detail = "must match `hostPort` when `hostNetwork` is true"
    for i, item in enumerate(containers):
        for j, port in enumerate(item.get("ports") or ()):
            # Templates don't get the host port filled in.
            if port.get("hostPort") and port["hostPort"] != port.get("containerPort", 0):
                out.append(field.invalid(f"{path}[{i}].ports[{j}].containerPort", port.get("containerPort", 0), detail))
    return out


def _sysctls(sysctls: Any, path: str) -> list[FieldError]:
    out = []
    seen: set[str] = set()
    for i, sysctl in enumerate(sysctls):
        name, here = sysctl.get("name", ""), f"{path}[{i}].name"
        if not name:
            out.append(field.required(here))
        elif len(name) > 253 or not _SYSCTL.fullmatch(name):
            detail = f"must have at most 253 characters and match regex {_SYSCTL_PATTERN}"
            out.append(field.invalid(here, name, detail))
        elif name in seen:
            out.append(field.duplicate(here, name))
        seen.add(name)
    return out


def _seccomp(profile: Object | None, path: str) -> list[FieldError]:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            detail = "must be set when seccomp type is Localhost"
            return [field.required(f"{path}.localhostProfile", detail)]
        return volumes.local_path(local, f"{path}.localhostProfile", reserved=False)
    if local is not None:
        shown = golang.struct("Profile", profile)
        detail = "can only be set when seccomp type is Localhost"
        return [field.invalid(f"{path}.localhostProfile", shown, detail)]
    if kind in ("RuntimeDefault", "Unconfined"):
        return []
    if not kind:
        return [field.required(f"{path}.type", "type is required when seccompProfile is set")]
    return [field.not_supported(f"{path}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))]


def _app_armor(profile: Object | None, path: str) -> list[FieldError]:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            return [field.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")]
        if not local.strip():
            return [field.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")]
        return []
    if local is not None:
        detail = "can only be set when AppArmor type is Localhost"
        return [field.invalid(f"{path}.localhostProfile", local, detail)]
    if kind in ("RuntimeDefault", "Unconfined"):
        return []
    if not kind:
        return [field.required(f"{path}.type", "type is required when appArmorProfile is set")]
    return [field.not_supported(f"{path}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))]
