"""CSINode: which drivers a node has registered, and what they said of it."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.storage import drivers

Object = base.Object

_LONGEST_ID: Final = 256


class CSINodes(base.Kind):
    allow_unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        out = []
        seen: set[str] = set()
        for i, driver in enumerate(obj["spec"].get("drivers") or ()):
            out += _driver(driver, f"spec.drivers[{i}]", seen)
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = self.validate(obj)
        before = {driver.get("name"): driver for driver in old["spec"].get("drivers") or ()}
        for driver in obj["spec"].get("drivers") or ():
            known = before.get(driver.get("name"))
            if known is not None:
                shown = _shown(driver)
                out += formats.unchanged("spec.drivers", shown, _shown(known))
        return out


def _driver(driver: Object, path: str, seen: set[str]) -> list[FieldError]:
    name, node_id = driver.get("name", ""), driver.get("nodeID", "")
    out = drivers.csi_name(name, f"{path}.name")
    if not node_id:
        out.append(field.required(f"{path}.nodeID"))
    elif len(node_id) > _LONGEST_ID:
        out.append(field.invalid(f"{path}.nodeID", node_id, f"must be {_LONGEST_ID} characters or less"))
    out += formats.not_negative(f"{path}.allocatable.count", (driver.get("allocatable") or {}).get("count"))
    if name in seen:
        out.append(field.duplicate(f"{path}.name", name))
    seen.add(name)
    keys: set[str] = set()
    for key in driver.get("topologyKeys") or ():
        if not key:
            out.append(field.required(path))
        if key in keys:
            out.append(field.duplicate(path, key))
        keys.add(key)
        out += formats.faults(path, key, formats.label_key(key))
    return out


def _shown(driver: Object) -> dict[str, Any]:
    """What may not change of a driver, as Go's internal struct; how many volumes fit may."""
    return {
        "Name": driver.get("name", ""),
        "NodeID": driver.get("nodeID", ""),
        "TopologyKeys": driver.get("topologyKeys"),
        "Allocatable": None,
    }
