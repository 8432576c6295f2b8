"""The Pod Security Standards: each check says what a Pod breaks, in the words that clients see.

See the Kubernetes page "Pod Security Standards". A check gets a Pod's metadata and spec and the minor version of
Kubernetes whose standard is asked for; it returns (reason, detail), or None for a Pod that is fine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.admission import podsecurity_profiles as profiles
from apiserver_stub.admission.podsecurity_words import containers, context, is_windows, named, plural, quoted

Object = Mapping[str, Any]
Fault = tuple[str, str]
Run = Callable[[Object, Object, int], Fault | None]

_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
# From this version on Pods for Windows need not say what has no meaning there.
_WINDOWS_EXEMPT: Final = 25


def host_namespaces(meta: Object, spec: Object, minor: int) -> Fault | None:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return ("host namespaces", ", ".join(found)) if found else None


def host_path_volumes(meta: Object, spec: Object, minor: int) -> Fault | None:
    names = [volume.get("name", "") for volume in spec.get("volumes") or () if volume.get("hostPath") is not None]
    return ("hostPath volumes", named("volume", names)) if names else None


def host_ports(meta: Object, spec: Object, minor: int) -> Fault | None:
    names, ports = [], set()
    for container in containers(spec):
        own = {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}
        if own:
            names.append(container.get("name", ""))
            ports |= own
    if not names:
        return None
    word = plural("hostPort", ports)
    return word, f"{named('container', names)} {_uses(names)} {word} {', '.join(sorted(ports))}"


def _uses(names: list[str]) -> str:
    return "uses" if len(names) == 1 else "use"


def host_probes(meta: Object, spec: Object, minor: int) -> Fault | None:
    names, hosts = set(), set()
    for container in containers(spec):
        own = {host for handler in _handlers(container) for host in _hosts(handler)}
        if own:
            names.add(container.get("name", ""))
            hosts |= own
    if not names:
        return None
    listed = sorted(names)
    words = plural("probe or lifecycle host", hosts)
    return "probe or lifecycle host", f"{named('container', listed)} {_uses(listed)} {words} {quoted(sorted(hosts))}"


def _handlers(container: Object) -> Iterator[Object]:
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(name) or {}
    for name in ("postStart", "preStop"):
        yield (container.get("lifecycle") or {}).get(name) or {}


def _hosts(handler: Object) -> Iterator[str]:
    for name in ("httpGet", "tcpSocket"):
        host = (handler.get(name) or {}).get("host")
        if host:
            yield host


def _bad(spec: Object, is_bad: Callable[[Object], bool]) -> list[str]:
    """Names of the containers whose security context is bad."""
    return [container.get("name", "") for container in containers(spec) if is_bad(context(container))]


def privileged(meta: Object, spec: Object, minor: int) -> Fault | None:
    names = _bad(spec, lambda own: bool(own.get("privileged")))
    if not names:
        return None
    return "privileged", f"{named('container', names)} must not set securityContext.privileged=true"


def proc_mount(meta: Object, spec: Object, minor: int) -> Fault | None:
    names, kinds = [], set()
    for container in containers(spec):
        kind = context(container).get("procMount")
        if kind is not None and kind != "Default":
            names.append(container.get("name", ""))
            kinds.add(kind)
    if not names:
        return None
    return "procMount", f"{named('container', names)} must not set securityContext.procMount to {quoted(sorted(kinds))}"


def capabilities_baseline(meta: Object, spec: Object, minor: int) -> Fault | None:
    found = _added(spec, _CAPABILITIES)
    return ("non-default capabilities", found) if found else None


def capabilities_restricted(meta: Object, spec: Object, minor: int) -> Fault | None:
    if minor >= _WINDOWS_EXEMPT and is_windows(spec):
        return None
    keeping = _bad(spec, lambda own: "ALL" not in ((own.get("capabilities") or {}).get("drop") or ()))
    details = []
    if keeping:
        details.append(f'{named("container", keeping)} must set securityContext.capabilities.drop=["ALL"]')
    added = _added(spec, frozenset({"NET_BIND_SERVICE"}))
    if added:
        details.append(added)
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def _added(spec: Object, allowed: frozenset[str]) -> str:
    names, capabilities = [], set()
    for container in containers(spec):
        more = set((context(container).get("capabilities") or {}).get("add") or ()) - allowed
        if more:
            names.append(container.get("name", ""))
            capabilities |= more
    if not names:
        return ""
    added = quoted(sorted(capabilities))
    return f"{named('container', names)} must not include {added} in securityContext.capabilities.add"


def escalation(meta: Object, spec: Object, minor: int) -> Fault | None:
    if minor >= _WINDOWS_EXEMPT and is_windows(spec):
        return None
    names = _bad(spec, lambda own: own.get("allowPrivilegeEscalation") is not False)
    if not names:
        return None
    detail = f"{named('container', names)} must set securityContext.allowPrivilegeEscalation=false"
    return "allowPrivilegeEscalation != false", detail


def restricted_volumes(meta: Object, spec: Object, minor: int) -> Fault | None:
    names, kinds = [], set()
    for volume in spec.get("volumes") or ():
        used = [kind for kind in volume if kind != "name" and volume[kind] is not None]
        if not _VOLUMES.intersection(used):
            names.append(volume.get("name", ""))
            kinds |= set(used[:1]) or {"unknown"}
    if not names:
        return None
    words = plural("restricted volume type", kinds)
    return "restricted volume types", f"{named('volume', names)} {_uses(names)} {words} {quoted(sorted(kinds))}"


@dataclass(frozen=True, slots=True)
class Check:
    """since: the first minor version whose standard has it. replaces: the baseline check that it makes needless."""

    run: Run
    since: int = 0
    replaces: str = ""


# In the order of upstream's names, which is the order of the message.
BASELINE: Final[Mapping[str, Check]] = {
    "appArmorProfile": Check(profiles.app_armor),
    "capabilities_baseline": Check(capabilities_baseline),
    "hostNamespaces": Check(host_namespaces),
    "hostPathVolumes": Check(host_path_volumes),
    "hostPorts": Check(host_ports),
    "hostProbesAndHostLifecycle": Check(host_probes, 34),
    "privileged": Check(privileged),
    "procMount": Check(proc_mount),
    "seLinuxOptions": Check(profiles.selinux),
    "seccompProfile_baseline": Check(profiles.seccomp_baseline, 19),
    "sysctls": Check(profiles.sysctls),
    "windowsHostProcess": Check(profiles.host_process),
}
RESTRICTED: Final[Mapping[str, Check]] = {
    "allowPrivilegeEscalation": Check(escalation, 8),
    "capabilities_restricted": Check(capabilities_restricted, 22, "capabilities_baseline"),
    "restrictedVolumes": Check(restricted_volumes, 0, "hostPathVolumes"),
    "runAsNonRoot": Check(profiles.run_as_non_root),
    "runAsUser": Check(profiles.run_as_user, 23),
    "seccompProfile_restricted": Check(profiles.seccomp_restricted, 19, "seccompProfile_baseline"),
}


def faults(level: str, minor: int, meta: Object, spec: Object) -> list[Fault]:
    """What a Pod breaks of a level's standard as of a minor version."""
    return [found for check in _checks(level, minor) if (found := check.run(meta, spec, minor)) is not None]


def _checks(level: str, minor: int) -> Iterable[Check]:
    if level == "privileged":
        return []
    more = [check for check in RESTRICTED.values() if check.since <= minor] if level == "restricted" else []
    needless = {check.replaces for check in more}
    base = [check for name, check in BASELINE.items() if check.since <= minor and name not in needless]
    return [*base, *more]
