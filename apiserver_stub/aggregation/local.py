"""APIServices of custom resources: made for every version that is served, gone with it."""

from __future__ import annotations

from collections.abc import Callable
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
_ON_START: Final = "onstart"
# Kept as they must be at any time.
_ALWAYS: Final = "true"
_WRITER: Final = WriteOptions(field_manager="kube-apiserver")


async def restore(catalog: Catalog) -> None:
    """Puts the APIServices of built-in groups right, as upstream does at each start, but never later.

    Raises StatusError and StorageError.
    """
    registry = catalog.find("apiregistration.k8s.io", "v1", "apiservices")
    assert registry
    for entry in registry.log.list(registry.table):
        if (entry.labels or {}).get(_LABEL) == _ON_START:
            spec = entry.decode()["spec"]
            group, version = spec.get("group", ""), spec["version"]
            wanted = _spec(group, version)
            if spec != wanted:
                await registry.update("", entry.key.name, _changer(wanted), _WRITER)


def _changer(spec: Object) -> Callable[[Object], Object]:
    return lambda obj: obj | {"spec": spec}


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
    first, second = bootstrap.priorities(group, version)
    spec: Object = {"version": version, "groupPriorityMinimum": first, "versionPriority": second}
    return spec | {"group": group} if group else spec


async def _ensure(registry: Registry, name: str, spec: Object) -> None:
    entry = registry.log.head(registry.key("", name))
    if entry is None:
        body = {"metadata": {"name": name, "labels": {_LABEL: _ALWAYS}}, "spec": spec}
        obj, _ = decode.decode(orjson.dumps(body), "application/json", registry.resource)
        await registry.create(obj, "", _WRITER)
    elif (entry.labels or {}).get(_LABEL) == _ALWAYS and entry.decode()["spec"] != spec:
        await registry.update("", name, _changer(spec), _WRITER)


async def _delete(registry: Registry, name: str) -> None:
    try:
        await delete(registry, "", name, DeleteOptions())
    except status.StatusError as error:
        if error.code != 404:
            raise
