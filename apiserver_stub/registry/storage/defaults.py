"""Defaults of volumes, storage classes, drivers and limits, by definition name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.registry.defaults import Apply, fill

Object = dict[str, Any]


def _driver(spec: Object) -> None:
    spec.setdefault("attachRequired", True)
    spec.setdefault("podInfoOnMount", False)
    spec.setdefault("storageCapacity", False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
    spec.setdefault("requiresRepublish", False)
    spec.setdefault("seLinuxMount", False)


def _limit(limit: Object) -> None:
    """Fills a limit's defaults from its bounds; only containers have defaults."""
    if limit.get("type") != "Container":
        return
    limits = dict(limit.get("default") or {})
    for name, amount in (limit.get("max") or {}).items():
        limits.setdefault(name, amount)
    requests = dict(limit.get("defaultRequest") or {})
    for source in (limits, limit.get("min") or {}):
        for name, amount in source.items():
            requests.setdefault(name, amount)
    if limits:
        limit["default"] = limits
    if requests:
        limit["defaultRequest"] = requests


TABLE: Final[Mapping[str, Apply]] = {
    "core.v1.LimitRangeItem": _limit,
    "core.v1.PersistentVolumeClaimStatus": fill(phase="Pending"),
    "core.v1.PersistentVolumeSpec": fill(persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem"),
    "core.v1.PersistentVolumeStatus": fill(phase="Pending"),
    "scheduling.v1.PriorityClass": fill(preemptionPolicy="PreemptLowerPriority"),
    "storage.v1.CSIDriverSpec": _driver,
    "storage.v1.StorageClass": fill(reclaimPolicy="Delete", volumeBindingMode="Immediate"),
}
