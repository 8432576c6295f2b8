"""Validation of volumes: one source each, and what each source needs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.podspec import environment
from apiserver_stub.schema import quantity

Object = Mapping[str, Any]
Check = Callable[[Object, str], list[FieldError]]

_MODE_FAULT: Final = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES: Final = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)


def validate(volumes: Sequence[Object], path: str) -> tuple[frozenset[str], list[FieldError]]:
    """The names of the volumes that may be mounted, and errors."""
    names: set[str] = set()
    out = []
    for i, volume in enumerate(volumes):
        here = f"{path}[{i}]"
        name = volume.get("name", "")
        found = one_source(_SOURCES, volume, here)
        if not name:
            found.append(field.required(f"{here}.name"))
        else:
            found += formats.faults(f"{here}.name", name, formats.label(name))
        if name in names:
            found.append(field.duplicate(f"{here}.name", name))
        if not found:
            names.add(name)
        out += found
    return frozenset(names), out


def one_source(sources: Mapping[str, Check], volume: Object, path: str) -> list[FieldError]:
    """Errors in the one source that a volume must have. sources: those there are, and what each has to be."""
    out = []
    used = 0
    for name, check in sources.items():
        source = volume.get(name)
        if source is None:
            continue
        if used:
            out.append(field.forbidden(f"{path}.{name}", "may not specify more than 1 volume type"))
            continue
        used += 1
        out += check(source, f"{path}.{name}")
    if not used:
        out.append(field.required(path, "must specify a volume type"))
    return out


def _needs(*names: str) -> Callable[[Object, str], list[FieldError]]:
    def check(source: Object, path: str) -> list[FieldError]:
        return [field.required(f"{path}.{name}") for name in names if not source.get(name)]

    return check


def _empty_dir(source: Object, path: str) -> list[FieldError]:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(limit) < 0:
        return [field.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def host_path(source: Object, path: str) -> list[FieldError]:
    name = source.get("path", "")
    if not name:
        return [field.required(f"{path}.path")]
    out = no_back_steps(name, f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATH_TYPES:
        out.append(field.not_supported(f"{path}.type", kind, _HOST_PATH_TYPES))
    return out


def _secret(source: Object, path: str) -> list[FieldError]:
    out = [] if source.get("secretName") else [field.required(f"{path}.secretName")]
    return out + _mode(source.get("defaultMode"), f"{path}.defaultMode") + _items(source, path)


def _config_map(source: Object, path: str) -> list[FieldError]:
    out = [] if source.get("name") else [field.required(f"{path}.name")]
    return out + _mode(source.get("defaultMode"), f"{path}.defaultMode") + _items(source, path)


def _items(source: Object, path: str) -> list[FieldError]:
    out = []
    for i, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{i}]"
        if not item.get("key"):
            out.append(field.required(f"{here}.key"))
        if not item.get("path"):
            out.append(field.required(f"{here}.path"))
        out += local_path(item.get("path", ""), f"{here}.path", reserved=True)
        out += _mode(item.get("mode"), f"{here}.mode")
    return out


def _mode(mode: int | None, path: str) -> list[FieldError]:
    return [field.invalid(path, mode, _MODE_FAULT)] if mode is not None and not 0 <= mode <= 0o777 else []


def _downward(source: Object, path: str) -> list[FieldError]:
    out = _mode(source.get("defaultMode"), f"{path}.defaultMode")
    for item in source.get("items") or ():
        # Upstream leaves the index out.
        out += _downward_file(item, path)
    return out


def _downward_file(item: Object, path: str) -> list[FieldError]:
    out = [] if item.get("path") else [field.required(f"{path}.path")]
    out += local_path(item.get("path", ""), f"{path}.path", reserved=True)
    reference, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if reference is not None:
        out += environment.field_ref(reference, f"{path}.fieldRef", environment.IN_VOLUMES)
        if resource is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            out.append(field.invalid(path, "resource", detail))
    elif resource is not None:
        out += environment.resource_field_ref(resource, f"{path}.resourceFieldRef", in_volume=True)
    else:
        out.append(field.required(path, "one of fieldRef and resourceFieldRef is required"))
    return out + _mode(item.get("mode"), f"{path}.mode")


def _projected(source: Object, path: str) -> list[FieldError]:
    out = _mode(source.get("defaultMode"), f"{path}.defaultMode")
    paths: set[str] = set()
    for i, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{i}]"
        used = 0
        for name, check in _PROJECTIONS.items():
            if part.get(name) is None:
                continue
            if used:
                out.append(field.forbidden(f"{here}.{name}", "may not specify more than 1 volume type"))
                continue
            used += 1
            out += check(part[name], f"{here}.{name}")
            for target in _targets(name, part[name]):
                if target in paths:
                    out.append(field.invalid(path, target, "conflicting duplicate paths"))
                paths.add(target)
    return out


def _targets(name: str, source: Object) -> list[str]:
    if name in ("serviceAccountToken", "clusterTrustBundle"):
        return [source["path"]] if source.get("path") else []
    return [item["path"] for item in source.get("items") or () if item.get("path")]


def _token(source: Object, path: str) -> list[FieldError]:
    seconds = source.get("expirationSeconds", 3600)
    out = []
    if seconds < 600:
        detail = "may not specify a duration less than 10 minutes"
        out.append(field.invalid(f"{path}.expirationSeconds", seconds, detail))
    elif seconds > 1 << 32:
        detail = "may not specify a duration larger than 2^32 seconds"
        out.append(field.invalid(f"{path}.expirationSeconds", seconds, detail))
    if not source.get("path"):
        out.append(field.required(f"{path}.path"))
    return out + local_path(source.get("path", ""), f"{path}.path", reserved=True)


def _projected_object(source: Object, path: str) -> list[FieldError]:
    return ([] if source.get("name") else [field.required(f"{path}.name")]) + _items(source, path)


def _nfs(source: Object, path: str) -> list[FieldError]:
    out = _needs("server", "path")(source, path)
    if source.get("path") and not posixpath.isabs(source["path"]):
        out.append(field.invalid(f"{path}.path", source["path"], "must be an absolute path"))
    return out


def _iscsi(source: Object, path: str) -> list[FieldError]:
    out = _needs("targetPortal", "iqn")(source, path)
    lun = source.get("lun", 0)
    return out + formats.faults(f"{path}.lun", lun, formats.in_range(lun, 0, 255))


def _csi(source: Object, path: str) -> list[FieldError]:
    driver = source.get("driver", "")
    if not driver:
        return [field.required(f"{path}.driver")]
    return formats.faults(f"{path}.driver", driver, formats.subdomain(driver.lower()))


def _ephemeral(source: Object, path: str) -> list[FieldError]:
    """A volume with a claim of its own."""
    from apiserver_stub.registry.core import persistentvolumeclaim  # which needs this module for volumes

    template = source.get("volumeClaimTemplate")
    if template is None:
        return [field.required(f"{path}.volumeClaimTemplate")]
    return persistentvolumeclaim.spec(template.get("spec") or {}, f"{path}.volumeClaimTemplate.spec")


def _nothing(source: Object, path: str) -> list[FieldError]:
    return []


# In the order in which upstream looks at them: the first one found is the volume's source.
_SOURCES: Final[Mapping[str, Check]] = {
    "emptyDir": _empty_dir,
    "hostPath": host_path,
    "gitRepo": _needs("repository"),
    "gcePersistentDisk": _needs("pdName"),
    "awsElasticBlockStore": _needs("volumeID"),
    "secret": _secret,
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": _needs("endpoints", "path"),
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _needs("volumeID"),
    "cephfs": _needs("monitors"),
    "flocker": _nothing,
    "fc": _nothing,
    "downwardAPI": _downward,
    "configMap": _config_map,
    "azureFile": _needs("secretName", "shareName"),
    "flexVolume": _needs("driver"),
    "vsphereVolume": _needs("volumePath"),
    "quobyte": _needs("registry", "volume"),
    "azureDisk": _needs("diskName", "diskURI"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "storageos": _nothing,
    "projected": _projected,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _needs("reference"),
}
_PROJECTIONS: Final[Mapping[str, Callable[[Object, str], list[FieldError]]]] = {
    "secret": _projected_object,
    "configMap": _projected_object,
    "downwardAPI": _downward,
    "serviceAccountToken": _token,
    "clusterTrustBundle": _nothing,
    "podCertificate": _nothing,
}


def local_path(name: str, path: str, *, reserved: bool) -> list[FieldError]:
    """A relative path that stays below. reserved: it may not begin with two dots either."""
    out = []
    if posixpath.isabs(name):
        out.append(field.invalid(path, name, "must be a relative path"))
    out += no_back_steps(name, path)
    if reserved and name.startswith("..") and not name.startswith("../"):
        out.append(field.invalid(path, name, "must not start with '..'"))
    return out


def no_back_steps(name: str, path: str) -> list[FieldError]:
    return [field.invalid(path, name, "must not contain '..'")] if ".." in name.split("/") else []
