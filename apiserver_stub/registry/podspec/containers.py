"""Validation of containers: names, images, ports, mounts and everything they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.podspec import environment, handlers, resources, security, volumes

Object = Mapping[str, Any]

_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")


@dataclass(frozen=True, slots=True)
class Context:
    """What a container's validation must know of its Pod."""

    volumes: frozenset[str]
    claims: frozenset[str]
    grace: int
    host_users: bool = True


def validate(containers: Sequence[Object], path: str, context: Context) -> list[FieldError]:
    if not containers:
        return [field.required(path)]
    out = []
    names: set[str] = set()
    for i, container in enumerate(containers):
        here = f"{path}[{i}]"
        out += common(container, here, context)
        name = container.get("name", "")
        if name in names:
            out.append(field.duplicate(f"{here}.name", name))
        names.add(name)
        if container.get("restartPolicy") is not None:
            out += formats.one_of(f"{here}.restartPolicy", container["restartPolicy"], _RESTART_POLICIES)
        out += _running(container, here, context.grace)
    return out + _host_port_conflicts(containers, path)


def _running(container: Object, path: str, grace: int) -> list[FieldError]:
    """Hooks and probes."""
    out = handlers.lifecycle(container.get("lifecycle"), f"{path}.lifecycle", grace)
    out += handlers.liveness(container.get("livenessProbe"), f"{path}.livenessProbe", grace)
    out += handlers.readiness(container.get("readinessProbe"), f"{path}.readinessProbe", grace)
    return out + handlers.liveness(container.get("startupProbe"), f"{path}.startupProbe", grace)


def validate_init(
    containers: Sequence[Object], regular: Sequence[Object], path: str, context: Context
) -> list[FieldError]:
    out = []
    names = {container.get("name", "") for container in regular}
    for i, container in enumerate(containers):
        here = f"{path}[{i}]"
        out += common(container, here, context)
        policy = container.get("restartPolicy")
        if policy is not None:
            out += formats.one_of(f"{here}.restartPolicy", policy, _RESTART_POLICIES)
        name = container.get("name", "")
        if name in names:
            out.append(field.duplicate(f"{here}.name", name))
        elif name:
            names.add(name)
        out += _host_port_conflicts([container], here, indexed=False)
        if policy == "Always":
            out += _running(container, here, context.grace)
            continue
        for part in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(part) is not None:
                detail = "may not be set for init containers without restartPolicy=Always"
                out.append(field.forbidden(f"{here}.{part}", detail))
    return out


def common(container: Object, path: str, context: Context) -> list[FieldError]:
    """What holds for containers of all sorts."""
    name = container.get("name", "")
    out = formats.faults(f"{path}.name", name, formats.label(name)) if name else [field.required(f"{path}.name")]
    if not container.get("image"):
        out.append(field.required(f"{path}.image"))
    out += formats.one_of(
        f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), _MESSAGE_POLICIES
    )
    out += _ports(container.get("ports") or (), f"{path}.ports")
    out += environment.validate(container.get("env") or (), f"{path}.env")
    out += environment.validate_from(container.get("envFrom") or (), f"{path}.envFrom")
    out += _mounts(container.get("volumeMounts") or (), f"{path}.volumeMounts", context.volumes)
    out += _devices(container.get("volumeDevices") or (), f"{path}.volumeDevices", context.volumes)
    out += formats.one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    out += resources.validate(container.get("resources") or {}, f"{path}.resources", context.claims)
    own = container.get("securityContext")
    return out + security.container(own, f"{path}.securityContext", host_users=context.host_users)


def _ports(ports: Sequence[Object], path: str) -> list[FieldError]:
    out = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        here = f"{path}[{i}]"
        name = port.get("name", "")
        if name:
            found = formats.port_name(name)
            out += formats.faults(f"{here}.name", name, found)
            if not found:
                if name in names:
                    out.append(field.duplicate(f"{here}.name", name))
                names.add(name)
        number = port.get("containerPort", 0)
        if number == 0:
            out.append(field.required(f"{here}.containerPort"))
        else:
            out += formats.faults(f"{here}.containerPort", number, formats.port(number))
        if port.get("hostPort"):
            out += formats.faults(f"{here}.hostPort", port["hostPort"], formats.port(port["hostPort"]))
        out += formats.one_of(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
    return out


def _host_port_conflicts(containers: Sequence[Object], path: str, *, indexed: bool = True) -> list[FieldError]:
    out = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        here = f"{path}[{i}]" if indexed else path
        for j, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            taken = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if taken in seen:
                out.append(field.duplicate(f"{here}.ports[{j}].hostPort", taken))
            seen.add(taken)
    return out


def _mounts(mounts: Sequence[Object], path: str, known: frozenset[str]) -> list[FieldError]:
    out = []
    targets: set[str] = set()
    for i, mount in enumerate(mounts):
        here = f"{path}[{i}]"
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            out.append(field.required(f"{here}.name"))
        if name not in known:
            out.append(field.not_found(f"{here}.name", name))
        if not target:
            out.append(field.required(f"{here}.mountPath"))
        if target in targets:
            out.append(field.invalid(f"{here}.mountPath", target, "must be unique"))
        targets.add(target)
        # Upstream leaves the index out of these two.
        if mount.get("subPath"):
            out += volumes.local_path(mount["subPath"], f"{path}.subPath", reserved=False)
        if mount.get("subPathExpr"):
            if mount.get("subPath"):
                detail = "subPathExpr and subPath are mutually exclusive"
                out.append(field.invalid(f"{path}.subPathExpr", mount["subPathExpr"], detail))
            out += volumes.local_path(mount["subPathExpr"], f"{path}.subPathExpr", reserved=False)
        out += _mount_details(mount, path)
    return out


def _mount_details(mount: Object, path: str) -> list[FieldError]:
    allowed = ("Bidirectional", "HostToContainer", "None")
    propagation = mount.get("mountPropagation")
    if propagation is not None and propagation not in allowed:
        return [field.not_supported(f"{path}.mountPropagation", propagation, allowed)]
    return []


def _devices(devices: Sequence[Object], path: str, known: frozenset[str]) -> list[FieldError]:
    out = []
    for i, device in enumerate(devices):
        here = f"{path}[{i}]"
        name = device.get("name", "")
        if not name:
            out.append(field.required(f"{here}.name"))
        elif name not in known:
            out.append(field.not_found(f"{here}.name", name))
        if not device.get("devicePath"):
            out.append(field.required(f"{here}.devicePath"))
    return out
