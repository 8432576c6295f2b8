"""Validation of env, envFrom and the selectors that both they and downward API volumes use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats

Object = Mapping[str, Any]

# What a fieldRef may name at all; each place allows some of these.
_KNOWN: Final = frozenset(
    {
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.phase",
        "status.podIP",
        "status.podIPs",
    }
)
IN_ENV: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
IN_VOLUMES: Final = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_RESOURCES: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_SUBSCRIPT: Final = re.compile(r"(.+)\['(.*)'\]\Z", re.DOTALL)
_SOURCES: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def validate(variables: Sequence[Object], path: str) -> list[FieldError]:
    out = []
    for i, variable in enumerate(variables):
        here = f"{path}[{i}]"
        name = variable.get("name", "")
        if not name:
            out.append(field.required(f"{here}.name"))
        else:
            out += formats.faults(f"{here}.name", name, formats.env_name(name))
        if variable.get("valueFrom") is not None:
            out += _value_from(variable, f"{here}.valueFrom")
    return out


def _value_from(variable: Object, path: str) -> list[FieldError]:
    source = variable["valueFrom"]
    used = [name for name in _SOURCES if source.get(name) is not None]
    out = []
    for name in used:
        out += _source(name, source[name], f"{path}.{name}")
    if not used:
        detail = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        )
        out.append(field.invalid(path, "", detail))
    if variable.get("value"):
        if used:
            out.append(field.invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(used) > 1:
        out.append(field.invalid(path, "", "may not have more than one field specified at a time"))
    return out


def _source(name: str, source: Object, path: str) -> list[FieldError]:
    if name == "fieldRef":
        return field_ref(source, path, IN_ENV)
    if name == "resourceFieldRef":
        return resource_field_ref(source, path, in_volume=False)
    if name == "fileKeyRef":
        return [field.required(f"{path}.{part}") for part in ("key", "volumeName", "path") if not source.get(part)]
    out = [] if source.get("name") else [field.required(f"{path}.name")]
    key = source.get("key", "")
    if not key:
        return [*out, field.required(f"{path}.key")]
    return out + formats.faults(f"{path}.key", key, formats.config_key(key))


def field_ref(source: Object, path: str, allowed: tuple[str, ...]) -> list[FieldError]:
    out = []
    if not source.get("apiVersion"):
        return [field.required(f"{path}.apiVersion")]
    name = source.get("fieldPath", "")
    if not name:
        return [field.required(f"{path}.fieldPath")]
    subscript = _SUBSCRIPT.match(name)
    if subscript and subscript[1] in ("metadata.annotations", "metadata.labels"):
        key = subscript[2]
        checked = key.lower() if subscript[1] == "metadata.annotations" else key
        return formats.faults(path, key, formats.label_key(checked))
    if subscript:
        out.append(field.invalid(f"{path}.fieldPath", name, "does not support subscript"))
    elif name not in _KNOWN:
        detail = f"error converting fieldPath: field label not supported: {name}"
        out.append(field.invalid(f"{path}.fieldPath", name, detail))
    elif name not in allowed:
        out.append(field.not_supported(f"{path}.fieldPath", name, allowed))
    return out


def resource_field_ref(source: Object, path: str, *, in_volume: bool) -> list[FieldError]:
    name = source.get("resource", "")
    if in_volume and not source.get("containerName"):
        return [field.required(f"{path}.containerName")]
    if not name:
        return [field.required(f"{path}.resource")]
    if name not in _RESOURCES and not name.startswith(("limits.hugepages-", "requests.hugepages-")):
        return [field.not_supported(f"{path}.resource", name, _RESOURCES)]
    return []


def validate_from(sources: Sequence[Object], path: str) -> list[FieldError]:
    """envFrom."""
    out = []
    for i, source in enumerate(sources):
        here = f"{path}[{i}]"
        if source.get("prefix"):
            out += formats.faults(f"{here}.prefix", source["prefix"], formats.env_name(source["prefix"]))
        used = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        out += [field.required(f"{here}.{name}.name") for name in used if not source[name].get("name")]
        # Upstream puts these on the list, not on the entry.
        if not used:
            out.append(field.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(used) > 1:
            out.append(field.invalid(path, "", "may not have more than one field specified at a time"))
    return out
