"""ResourceSlice: devices of one pool that a driver offers, on one node, on some or on all."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.podspec import scheduling
from apiserver_stub.registry.resource import device, lists, names

Object = base.Object

_PLACES: Final = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
_ONE_PLACE: Final = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_MOST_DEVICES: Final = 128
# Devices with taints, shared counters or lists of values take more room.
_MOST_LARGE_DEVICES: Final = 64
_MOST_COUNTER_SETS: Final = 8
_MOST_COUNTERS: Final = 32
_LISTS: Final = ("bools", "ints", "strings", "versions")


class ResourceSlices(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        return _spec(obj["spec"], None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return _spec(obj["spec"], old["spec"])

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        spec = obj["spec"]
        return {"spec.nodeName": spec.get("nodeName") or "", "spec.driver": spec.get("driver", "")}


def _spec(spec: Object, old: Object | None) -> list[FieldError]:
    pool = spec.get("pool") or {}
    out = names.driver(spec.get("driver", ""), "spec.driver") + _pool(pool)
    if old is not None:
        out += formats.unchanged("spec.pool.name", pool.get("name"), (old.get("pool") or {}).get("name"))
        for name in ("driver", "nodeName"):
            out += formats.unchanged(f"spec.{name}", spec.get(name), old.get(name))
    out += _place(spec)
    devices, sets = spec.get("devices"), spec.get("sharedCounters")
    if devices and sets:
        out.append(field.invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    before = {item.get("name"): item for item in (old or {}).get("devices") or ()}
    chosen = bool(spec.get("perDeviceNodeSelection"))

    def check(item: Object, path: str) -> list[FieldError]:
        return device.validate(item, before.get(item.get("name")), path, chooses_nodes=chosen)

    most = _MOST_LARGE_DEVICES if any(map(_is_large, devices or ())) else _MOST_DEVICES
    out += lists.unique(devices or (), most, "spec.devices", check, _name)
    return out + lists.unique(sets or (), _MOST_COUNTER_SETS, "spec.sharedCounters", _counter_set, _name)


def _name(item: Object) -> Any:
    return item.get("name", "")


def _is_large(item: Object) -> bool:
    if item.get("taints") or item.get("consumesCounters"):
        return True
    return any(name in value for value in (item.get("attributes") or {}).values() for name in _LISTS)


def _pool(pool: Object) -> list[FieldError]:
    out = names.pool(pool.get("name", ""), "spec.pool.name")
    count, generation = pool.get("resourceSliceCount", 0), pool.get("generation", 0)
    if count <= 0:
        out.append(field.invalid("spec.pool.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        out.append(field.invalid("spec.pool.generation", generation, "must be greater than or equal to zero"))
    return out


def _place(spec: Object) -> list[FieldError]:
    out = []
    given = [f"`{name}`" for name in _PLACES if spec.get(name)]
    node, chosen = spec.get("nodeName"), spec.get("nodeSelector")
    if node == "":
        out.append(field.invalid("spec.nodeName", "", "must be either unset or set to a non-empty string"))
    elif node is not None:
        out += formats.faults("spec.nodeName", node, formats.subdomain(node))
    if chosen is not None:
        out += scheduling.node_selector(chosen, "spec.nodeSelector")
        terms = chosen.get("nodeSelectorTerms") or []
        if len(terms) != 1:
            path = "spec.nodeSelector.nodeSelectorTerms"
            out.append(field.invalid(path, terms or None, "must have exactly one node selector term"))
    for name in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(name) is False:
            out.append(field.invalid(f"spec.{name}", False, "must be either unset or set to true"))
    if not given:
        out.append(field.required("spec", _ONE_PLACE))
    elif len(given) > 1:
        detail = f"{_ONE_PLACE}, but multiple fields are set"
        out.append(field.invalid("spec", f"{{{', '.join(given)}}}", detail))
    return out


def _counter_set(item: Object, path: str) -> list[FieldError]:
    name, counters = item.get("name", ""), item.get("counters")
    out = names.label(name, f"{path}.name") if name else [field.required(f"{path}.name")]
    if not counters:
        return [*out, field.required(f"{path}.counters")]
    return out + lists.entries(counters, _MOST_COUNTERS, f"{path}.counters", names.label, device.counter, 63)
