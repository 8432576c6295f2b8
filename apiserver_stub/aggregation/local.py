"""APIServices of custom resources: made for every version that is served, gone with it."""

from __future__ import annotations

from typing import Any, Final

import orjson

from apiserver_stub.meta import status
from apiserver_stub.registry.apiregistration import bootstrap
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.delete import DeleteOptions, delete
from apiserver_stub.registry.generic import Registry, WriteOptions
from apiserver_stub.schema import decode

Object = dict[str, Any]

_LABEL: Final = "kube-aggregator.kubernetes.io/automanaged"
# Unlike "onstart": kept as they must be at any time.
_ALWAYS: Final = "true"
_WRITER: Final = WriteOptions(field_manager="kube-apiserver")


async def keep(catalog: Catalog) -> None:
    """Creates what is missing, puts right what was changed, deletes what is no longer served.

    Raises StatusError and StorageError. APIServices that somebody else made are left alone.
    """
    registry = catalog.find("apiregistration.k8s.io", "v1", "apiservices")
    assert registry
    wanted = {f"{one.version}.{one.group}": (one.group, one.version) for one in catalog.kinds if one.is_custom}
    managed = {
        entry.key.name for entry in registry.log.list(registry.table) if (entry.labels or {}).get(_LABEL) == _ALWAYS
    }
    for name in sorted(managed - wanted.keys()):
        await _delete(registry, name)
    for name, (group, version) in sorted(wanted.items()):
        await _ensure(registry, name, _spec(group, version))


def _spec(group: str, version: str) -> Object:
    first, second = bootstrap.CUSTOM_PRIORITIES
    return {"group": group, "version": version, "groupPriorityMinimum": first, "versionPriority": second}


async def _ensure(registry: Registry, name: str, spec: Object) -> None:
    entry = registry.log.head(registry.key("", name))
    if entry is None:
        body = {"metadata": {"name": name, "labels": {_LABEL: _ALWAYS}}, "spec": spec}
        obj, _ = decode.decode(orjson.dumps(body), "application/json", registry.resource)
        await registry.create(obj, "", _WRITER)
    elif (entry.labels or {}).get(_LABEL) == _ALWAYS and entry.decode()["spec"] != spec:
        await registry.update("", name, lambda obj: obj | {"spec": spec}, _WRITER)


async def _delete(registry: Registry, name: str) -> None:
    try:
        await delete(registry, "", name, DeleteOptions())
    except status.StatusError as error:
        if error.code != 404:
            raise
