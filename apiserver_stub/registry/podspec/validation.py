"""Validation of a PodSpec, in upstream's order, for Pods and for every template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.podspec import containers, ephemeral, resources, scheduling, security, volumes

Object = Mapping[str, Any]

_RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")
_DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")


def template(obj: Object, path: str) -> list[FieldError]:
    """A PodTemplateSpec."""
    meta = obj.get("metadata") or {}
    out = formats.any_label(f"{path}.labels", meta.get("labels"))
    for key in meta.get("annotations") or ():
        out += formats.faults(f"{path}.annotations", key, formats.label_key(key.lower()))
    out += pod_spec(obj.get("spec") or {}, f"{path}.spec")
    if (obj.get("spec") or {}).get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        out.append(field.forbidden(f"{path}.spec.ephemeralContainers", detail))
    return out


def pod_spec(spec: Object, path: str) -> list[FieldError]:
    grace = spec.get("terminationGracePeriodSeconds") or 0
    names, out = volumes.validate(spec.get("volumes") or (), f"{path}.volumes")
    claims = frozenset(claim.get("name", "") for claim in spec.get("resourceClaims") or ())
    context = containers.Context(names, claims, grace, host_users=spec.get("hostUsers") is not False)
    regular = spec.get("containers") or ()
    out += containers.validate(regular, f"{path}.containers", context)
    init = spec.get("initContainers") or ()
    out += containers.validate_init(init, regular, f"{path}.initContainers", context)
    out += ephemeral.validate(spec, f"{path}.ephemeralContainers", context)
    if spec.get("resources"):
        out += resources.validate(spec["resources"], f"{path}.resources")
    out += formats.one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), _RESTART_POLICIES)
    out += formats.one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    out += formats.any_label(f"{path}.nodeSelector", spec.get("nodeSelector"))
    out += security.pod(spec, path, f"{path}.securityContext")
    out += scheduling.affinity(spec.get("affinity"), f"{path}.affinity")
    out += _dns(spec, f"{path}.dnsConfig")
    out += _gates(spec.get("readinessGates") or (), f"{path}.readinessGates")
    out += scheduling.spreading(spec.get("topologySpreadConstraints") or (), f"{path}.topologySpreadConstraints")
    return out + _identity(spec, path) + _rest(spec, path)


def _identity(spec: Object, path: str) -> list[FieldError]:
    out = []
    for name, check in (("serviceAccountName", formats.subdomain), ("nodeName", formats.subdomain)):
        if spec.get(name):
            out += formats.faults(f"{path}.{name}", spec[name], check(spec[name]))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None:
        found = formats.in_range(deadline, 1, 2**31 - 1)
        out += formats.faults(f"{path}.activeDeadlineSeconds", deadline, found)
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            out += formats.faults(f"{path}.{name}", spec[name], formats.label(spec[name]))
    return out


def _rest(spec: Object, path: str) -> list[FieldError]:
    out = scheduling.tolerations(spec.get("tolerations") or (), f"{path}.tolerations")
    out += _host_aliases(spec.get("hostAliases") or (), f"{path}.hostAliases")
    for name in ("priorityClassName", "runtimeClassName"):
        if spec.get(name):
            out += formats.faults(f"{path}.{name}", spec[name], formats.subdomain(spec[name]))
    policy = spec.get("preemptionPolicy")
    if policy is not None:
        out += formats.one_of(f"{path}.preemptionPolicy", policy, ("Never", "PreemptLowerPriority"))
    for name, text in (spec.get("overhead") or {}).items():
        out += resources.amount(name, text, f"{path}.overhead[{name}]")
    system = spec.get("os")
    if system is not None:
        out += formats.one_of(f"{path}.os.name", system.get("name"), ("linux", "windows"))
    return out


def _host_aliases(aliases: Sequence[Object], path: str) -> list[FieldError]:
    out = []
    for i, alias in enumerate(aliases):
        ip = alias.get("ip", "")
        out += formats.faults(f"{path}[{i}].ip", ip, formats.address(ip))
        for j, name in enumerate(alias.get("hostnames") or ()):
            out += formats.faults(f"{path}[{i}].hostnames[{j}]", name, formats.subdomain(name))
    return out


def _gates(gates: Sequence[Object], path: str) -> list[FieldError]:
    out = []
    for i, gate in enumerate(gates):
        kind = gate.get("conditionType", "")
        out += formats.faults(f"{path}[{i}].conditionType", kind, formats.label_key(kind))
    return out


def _dns(spec: Object, path: str) -> list[FieldError]:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [field.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [field.required(f"{path}.nameservers", detail)]
    if not config:
        return []
    out = []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > 3:
        out.append(field.invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers"))
    for i, server in enumerate(servers):
        out += formats.faults(f"{path}.nameservers[{i}]", server, formats.address(server))
    if len(searches) > 32:
        out.append(field.invalid(f"{path}.searches", searches, "must not have more than 32 search paths"))
    for i, search in enumerate(searches):
        # Underscores are allowed here, as in SRV records.
        name = search.removesuffix(".").replace("_", "a")
        if name:
            out += formats.faults(f"{path}.searches[{i}]", search, formats.subdomain(name))
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            out.append(field.required(f"{path}.options[{i}]", "must not be empty"))
    return out
