"""Checks of the Pod Security Standards about what both a Pod and its containers may set: users and profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver_stub.admission.podsecurity_words import containers, context, is_windows, named, plural, quoted

Object = Mapping[str, Any]
Fault = tuple[str, str]

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_SELINUX: Final = ("", "container_t", "container_init_t", "container_kvm_t")
_SYSCTLS: Final = (
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
)
_WINDOWS_EXEMPT: Final = 25
_PROFILES: Final = ("RuntimeDefault", "Localhost")


def _setters(spec: Object, is_bad: Callable[[Object], bool]) -> list[str]:
    """Who sets something bad: the Pod, its containers."""
    out = ["pod"] if is_bad(context(spec)) else []
    names = [container.get("name", "") for container in containers(spec) if is_bad(context(container))]
    return [*out, named("container", names)] if names else out


def _profile(own: Object, name: str) -> str | None:
    profile = own.get(name)
    return None if profile is None else profile.get("type", "")


def _types(spec: Object, name: str, is_bad: Callable[[str], bool]) -> list[str]:
    """The bad types of profile that are set anywhere, sorted."""
    found = {_profile(context(holder), name) for holder in (spec, *containers(spec))}
    return sorted(kind for kind in found if kind is not None and is_bad(kind))


def app_armor(meta: Object, spec: Object, minor: int) -> Fault | None:
    def is_bad(kind: str) -> bool:
        return kind not in ("", *_PROFILES)

    setters = _setters(spec, lambda own: is_bad(_profile(own, "appArmorProfile") or ""))
    values = _types(spec, "appArmorProfile", is_bad)
    annotations = [
        f'{key}="{value}"'
        for key, value in sorted((meta.get("annotations") or {}).items())
        if key.startswith(_APP_ARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    ]
    if annotations:
        setters.append(plural("annotation", annotations))
        values += annotations
    if not setters:
        return None
    reason = plural("forbidden AppArmor profile", values)
    return reason, f"{' and '.join(setters)} must not set AppArmor profile type to {quoted(values)}"


def selinux(meta: Object, spec: Object, minor: int) -> Fault | None:
    allowed = (*_SELINUX, "container_engine_t") if minor >= 31 else _SELINUX
    options = [context(holder).get("seLinuxOptions") or {} for holder in (spec, *containers(spec))]

    def is_bad(own: Object) -> bool:
        given = own.get("seLinuxOptions") or {}
        return given.get("type", "") not in allowed or bool(given.get("user")) or bool(given.get("role"))

    setters = _setters(spec, is_bad)
    if not setters:
        return None
    data = []
    types = sorted({given.get("type", "") for given in options} - set(allowed))
    if types:
        data.append(named("type", types))
    data += [f"{name} may not be set" for name in ("user", "role") if any(given.get(name) for given in options)]
    return "seLinuxOptions", f"{' and '.join(setters)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"


def _bad_seccomp(spec: Object) -> str:
    def is_bad(kind: str) -> bool:
        return kind not in _PROFILES

    def sets_bad(own: Object) -> bool:
        kind = _profile(own, "seccompProfile")
        return kind is not None and is_bad(kind)

    setters = _setters(spec, sets_bad)
    if not setters:
        return ""
    types = quoted(_types(spec, "seccompProfile", is_bad))
    return f"{' and '.join(setters)} must not set securityContext.seccompProfile.type to {types}"


def seccomp_baseline(meta: Object, spec: Object, minor: int) -> Fault | None:
    found = _bad_seccomp(spec)
    return ("seccompProfile", found) if found else None


def seccomp_restricted(meta: Object, spec: Object, minor: int) -> Fault | None:
    if minor >= _WINDOWS_EXEMPT and is_windows(spec):
        return None
    found = _bad_seccomp(spec)
    if found:
        return "seccompProfile", found
    if _profile(context(spec), "seccompProfile") is not None:
        return None
    names = [c.get("name", "") for c in containers(spec) if _profile(context(c), "seccompProfile") is None]
    if not names:
        return None
    detail = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return "seccompProfile", f"pod or {named('container', names)} {detail}"


def sysctls(meta: Object, spec: Object, minor: int) -> Fault | None:
    allowed = {name for since, name in _SYSCTLS if since <= minor}
    found = [entry.get("name", "") for entry in context(spec).get("sysctls") or ()]
    bad = [name for name in found if name not in allowed]
    return ("forbidden sysctls", ", ".join(bad)) if bad else None


def host_process(meta: Object, spec: Object, minor: int) -> Fault | None:
    setters = _setters(spec, lambda own: bool((own.get("windowsOptions") or {}).get("hostProcess")))
    if not setters:
        return None
    return "hostProcess", f"{' and '.join(setters)} must not set securityContext.windowsOptions.hostProcess=true"


def run_as_non_root(meta: Object, spec: Object, minor: int) -> Fault | None:
    reason = "runAsNonRoot != true"
    setters = _setters(spec, lambda own: own.get("runAsNonRoot") is False)
    if context(spec).get("runAsNonRoot") is not False and not setters:
        if context(spec).get("runAsNonRoot"):
            return None
        silent = [c.get("name", "") for c in containers(spec) if context(c).get("runAsNonRoot") is None]
        if not silent:
            return None
        return reason, f"pod or {named('container', silent)} must set securityContext.runAsNonRoot=true"
    return reason, f"{' and '.join(setters)} must not set securityContext.runAsNonRoot=false"


def run_as_user(meta: Object, spec: Object, minor: int) -> Fault | None:
    setters = _setters(spec, lambda own: own.get("runAsUser") == 0)
    return ("runAsUser=0", f"{' and '.join(setters)} must not set runAsUser=0") if setters else None
