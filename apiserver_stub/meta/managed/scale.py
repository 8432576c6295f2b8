"""managedFields of a Scale: of its workload's managers those that own the number of replicas, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta.managed import entries, fieldset
from apiserver_stub.meta.managed.entries import Owned, Table

Object = dict[str, Any]
# Where a version of the workload has the replicas; None for a version that has no scale.
Paths = Mapping[str, tuple[str, ...] | None]

VERSION: Final = "autoscaling/v1"
_REPLICAS: Final = ("spec", "replicas")
_SCALE: Final = "scale"


def of(parent: list[Object] | None, paths: Paths) -> list[Object]:
    """Of the Scale."""
    out: Table = {}
    for key, owned in entries.decode_stored(parent).items():
        path = paths.get(owned.api_version)
        if path and fieldset.has(owned.fields, path):
            known = key._replace(api_version=VERSION) if key.api_version else key
            out[known] = Owned(fieldset.of_paths(_REPLICAS), VERSION, owned.time)
    return entries.encode(out)


def put(parent: list[Object] | None, scale: list[Object], api_version: str, paths: Paths) -> list[Object]:
    """Of the workload: whoever set the replicas through the Scale owns them; others that do not any more lose them."""
    owners = entries.decode_stored(scale)
    out: Table = {}
    for key, owned in entries.decode_stored(parent).items():
        if owned.api_version not in paths:
            continue
        path = paths[owned.api_version]
        if not path or not fieldset.has(owned.fields, path):
            out[key] = owned
            continue
        known = key._replace(api_version=VERSION) if key.api_version else key
        if key.subresource == _SCALE and key.operation == entries.UPDATE:
            continue
        if owners.pop(known, None) is not None:
            out[key] = owned
        elif left := fieldset.difference(owned.fields, fieldset.of_paths(path)):
            out[key] = owned.with_fields(left)
    path = paths.get(api_version)
    for key, owned in owners.items():
        if path and fieldset.has(owned.fields, _REPLICAS):
            own = key._replace(api_version=api_version) if key.api_version else key
            # Upstream looks their time up among the workload's managers, where they are not: they have none.
            out[own] = Owned(fieldset.of_paths(path), api_version)
    return entries.encode(out)
