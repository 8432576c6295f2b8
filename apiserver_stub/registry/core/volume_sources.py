"""Sources of a PersistentVolume: what each needs; those that Pods have too are judged as there."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.podspec import volumes
from apiserver_stub.registry.storage import drivers

Object = Mapping[str, Any]

_WWN: Final = "must specify either targetWWNs or wwids, but not both"
_SECRETS: Final = ("controllerPublishSecretRef", "nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef")


def validate(spec: Object, path: str, *, has_affinity: bool) -> list[FieldError]:
    """Errors in the one source that a volume must have. has_affinity: whether it says on which nodes it is."""
    return volumes.one_source(_SOURCES if has_affinity else _WITHOUT_AFFINITY, spec, path)


def only(spec: Object) -> dict[str, Any]:
    """The sources of a volume's spec."""
    return {name: spec[name] for name in _SOURCES if spec.get(name) is not None}


def _needs(*names: str) -> volumes.Check:
    def check(source: Object, path: str) -> list[FieldError]:
        return [field.required(f"{path}.{name}") for name in names if not source.get(name)]

    return check


def _partitioned(name: str) -> volumes.Check:
    def check(source: Object, path: str) -> list[FieldError]:
        number = source.get("partition", 0)
        return _needs(name)(source, path) + formats.faults(
            f"{path}.partition", number, formats.in_range(number, 0, 255)
        )

    return check


def _nfs(source: Object, path: str) -> list[FieldError]:
    out = _needs("server", "path")(source, path)
    if source.get("path") and not posixpath.isabs(source["path"]):
        out.append(field.invalid(f"{path}.path", source["path"], "must be an absolute path"))
    return out


def _glusterfs(source: Object, path: str) -> list[FieldError]:
    out = _needs("endpoints", "path")(source, path)
    namespace = source.get("endpointsNamespace")
    if namespace is None:
        return out
    if not namespace:
        detail = "if the endpointnamespace is set, it must be a valid namespace name"
        out.append(field.invalid(f"{path}.endpointsNamespace", namespace, detail))
    return out + formats.faults(f"{path}.endpointsNamespace", namespace, formats.label(namespace))


def _flocker(source: Object, path: str) -> list[FieldError]:
    name, uuid = source.get("datasetName", ""), source.get("datasetUUID", "")
    if not name and not uuid:
        return [field.required(path, "one of datasetName and datasetUUID is required")]
    out = []
    if name and uuid:
        out.append(field.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"))
    if "/" in name:
        out.append(field.invalid(f"{path}.datasetName", name, "must not contain '/'"))
    return out


def _iscsi(source: Object, path: str) -> list[FieldError]:
    out = [] if source.get("targetPortal") else [field.required(f"{path}.targetPortal")]
    iqn = source.get("iqn", "")
    if not iqn:
        out.append(field.required(f"{path}.iqn"))
    elif not iqn.startswith(("iqn", "eui", "naa")):
        out.append(field.invalid(f"{path}.iqn", iqn, "must be valid format starting with iqn, eui, or naa"))
    lun = source.get("lun", 0)
    out += formats.faults(f"{path}.lun", lun, formats.in_range(lun, 0, 255))
    chap = source.get("chapAuthDiscovery") or source.get("chapAuthSession")
    if chap and source.get("secretRef") is None:
        out.append(field.required(f"{path}.secretRef"))
    elif source.get("secretRef") is not None:
        out += _needs("name")(source["secretRef"], f"{path}.secretRef")
    return out


def _fibre_channel(source: Object, path: str) -> list[FieldError]:
    names, ids = source.get("targetWWNs") or [], source.get("wwids") or []
    if not names and not ids:
        return [field.required(f"{path}.targetWWNs", _WWN)]
    out = []
    if names and ids:
        out.append(field.invalid(f"{path}.targetWWNs", names, _WWN))
    if names:
        lun = source.get("lun")
        if lun is None:
            out.append(field.required(f"{path}.lun", "lun is required if targetWWNs is specified"))
        else:
            out += formats.faults(f"{path}.lun", lun, formats.in_range(lun, 0, 255))
    return out


def _azure_file(source: Object, path: str) -> list[FieldError]:
    out = _needs("secretName", "shareName")(source, path)
    if source.get("secretNamespace") == "":
        out.append(field.required(f"{path}.secretNamespace"))
    return out


def _azure_disk(source: Object, path: str) -> list[FieldError]:
    out = []
    caching, kind = source.get("cachingMode"), source.get("kind")
    if not source.get("diskName"):
        out.append(field.required(f"{path}.diskName"))
    if not source.get("diskURI"):
        out.append(field.required(f"{path}.diskURI"))
    if caching is not None and caching not in ("None", "ReadOnly", "ReadWrite"):
        out.append(field.not_supported(f"{path}.cachingMode", caching, ("None", "ReadOnly", "ReadWrite")))
    if kind is not None and kind not in ("Dedicated", "Managed", "Shared"):
        out.append(field.not_supported(f"{path}.kind", kind, ("Dedicated", "Managed", "Shared")))
    return out


def _local(source: Object, path: str) -> list[FieldError]:
    name = source.get("path", "")
    return volumes.no_back_steps(name, f"{path}.path") if name else [field.required(f"{path}.path")]


def _stray_local(source: Object, path: str) -> list[FieldError]:
    """A local volume that does not say on which nodes it is."""
    missing = field.required(f"{path.removesuffix('.local')}.nodeAffinity", "Local volume requires node affinity")
    return [*_local(source, path), missing]


def _csi(source: Object, path: str) -> list[FieldError]:
    out = drivers.csi_name(source.get("driver", ""), f"{path}.driver")
    out += _needs("volumeHandle")(source, path)
    for name in _SECRETS:
        reference = source.get(name)
        if reference is not None:
            out += _needs("name", "namespace")(reference, f"{path}.{name}")
    return out


# In the order in which upstream looks at them: the first one found is the volume's source.
_SOURCES: Final[Mapping[str, volumes.Check]] = {
    "hostPath": volumes.host_path,
    "gcePersistentDisk": _partitioned("pdName"),
    "awsElasticBlockStore": _partitioned("volumeID"),
    "glusterfs": _glusterfs,
    "flocker": _flocker,
    "nfs": _nfs,
    "rbd": _needs("monitors", "image"),
    "quobyte": _needs("registry", "volume"),
    "cephfs": _needs("monitors"),
    "iscsi": _iscsi,
    "cinder": _needs("volumeID"),
    "fc": _fibre_channel,
    "flexVolume": _needs("driver"),
    "azureFile": _azure_file,
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _azure_disk,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "local": _local,
    "storageos": lambda source, path: [],
    "csi": _csi,
}
_WITHOUT_AFFINITY: Final = {**_SOURCES, "local": _stray_local}
