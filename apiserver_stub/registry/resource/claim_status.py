"""Validation of a claim's status: what was allocated, for whom, and what became of the devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import conditions, formats, ip
from apiserver_stub.registry.podspec import golang, scheduling
from apiserver_stub.registry.resource import binding, claim_validation, lists, names

Object = Mapping[str, Any]

_MOST_USERS: Final = 256
_MOST_RESULTS: Final = 32
_MOST_CONDITIONS: Final = 8
_MOST_ADDRESSES: Final = 16
_LONGEST_DATA: Final = 10 * 1024
_LONGEST_NAME: Final = 256
_LONGEST_HARDWARE: Final = 128


def validate(obj: Object, old: Object) -> list[FieldError]:
    status, before = obj.get("status") or {}, old.get("status") or {}
    users, allocation = status.get("reservedFor") or [], status.get("allocation")
    out = lists.unique(users, _MOST_USERS, "status.reservedFor", _user, lambda user: user.get("uid", ""))
    allocated = {device_id(result) for result in results(allocation)}
    out += _devices(status.get("devices") or (), allocated)
    path = "status.reservedFor"
    if users and allocation is None:
        out.append(field.forbidden(path, "may not be specified when `allocated` is not set"))
    elif _is_deleting(obj) and any(user not in (before.get("reservedFor") or []) for user in users):
        detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        out.append(field.forbidden(path, detail))
    if allocation is None:
        return out
    if before.get("allocation") is not None:
        shown = golang.struct("AllocationResult", allocation)
        return out + formats.unchanged("status.allocation", allocation, before["allocation"], shown)
    return out + _allocation(allocation, claim_validation.request_names((obj.get("spec") or {}).get("devices") or {}))


def _is_deleting(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def results(allocation: Object | None) -> list[Object]:
    found: list[Object] = ((allocation or {}).get("devices") or {}).get("results") or []
    return found


def device_id(device: Object) -> tuple[str, ...]:
    """What tells one allocated device from another."""
    return tuple(device.get(name) or "" for name in ("driver", "pool", "device", "shareID"))


def _user(user: Object, path: str) -> list[FieldError]:
    return [field.required(f"{path}.{name}") for name in ("resource", "name", "uid") if not user.get(name)]


def _allocation(allocation: Object, known: claim_validation.Requests) -> list[FieldError]:
    path = "status.allocation"
    devices = allocation.get("devices") or {}
    found, config = devices.get("results") or (), devices.get("config") or ()
    out = lists.each(found, _MOST_RESULTS, f"{path}.devices.results", lambda item, here: _result(item, here, known))
    out += lists.each(config, 64, f"{path}.devices.config", lambda item, here: _config(item, here, known))
    if allocation.get("nodeSelector") is not None:
        out += scheduling.node_selector(allocation["nodeSelector"], f"{path}.nodeSelector")
    return out


def _result(result: Object, path: str, known: claim_validation.Requests) -> list[FieldError]:
    out = claim_validation.reference(result.get("request", ""), f"{path}.request", known)
    out += _identity(result, path)
    out += binding.conditions(result, path)
    out += lists.each(result.get("tolerations") or (), -1, f"{path}.tolerations", claim_validation.toleration)
    return out + _share(result, path)


def _identity(device: Object, path: str) -> list[FieldError]:
    out = names.driver(device.get("driver", ""), f"{path}.driver")
    out += names.pool(device.get("pool", ""), f"{path}.pool")
    return out + names.label(device.get("device", ""), f"{path}.device")


def _share(device: Object, path: str) -> list[FieldError]:
    share = device.get("shareID")
    return [] if share is None else names.uid(share, f"{path}.shareID")


def _config(config: Object, path: str, known: claim_validation.Requests) -> list[FieldError]:
    out = formats.one_of(f"{path}.source", config.get("source"), ("FromClaim", "FromClass"))
    return out + claim_validation.configured(config, path, known)


def _devices(items: Any, allocated: set[tuple[str, ...]]) -> list[FieldError]:
    def check(device: Object, path: str) -> list[FieldError]:
        return _device(device, path, allocated)

    out = lists.each(items, -1, "status.devices", check)
    seen: set[tuple[str, ...]] = set()
    for i, device in enumerate(items):
        found = device_id(device)
        if found in seen:
            out.append(field.duplicate(f"status.devices[{i}]", _shown(found)))
        seen.add(found)
    return out


def _shown(identity: tuple[str, ...]) -> Any:
    """An identity as Go prints it: the share only where there is one."""
    return "/".join(part for part in identity if part)


def _device(device: Object, path: str, allocated: set[tuple[str, ...]]) -> list[FieldError]:
    out = _identity(device, path) + _share(device, path)
    if device_id(device) not in allocated:
        detail = "must be an allocated device in the claim"
        out.append(field.invalid(path, _shown(device_id(device)), detail))
    given = device.get("conditions") or ()
    if len(given) > _MOST_CONDITIONS:
        out.append(field.too_many(f"{path}.conditions", len(given), _MOST_CONDITIONS))
    out += conditions.validate(given, f"{path}.conditions")
    if device.get("data") is not None:
        out += claim_validation.raw(device["data"], f"{path}.data", _LONGEST_DATA)
    return out + _network(device.get("networkData") or {}, f"{path}.networkData")


def _network(data: Object, path: str) -> list[FieldError]:
    out = []
    for name, longest in (("interfaceName", _LONGEST_NAME), ("hardwareAddress", _LONGEST_HARDWARE)):
        if len((data.get(name) or "").encode()) > longest:
            out.append(field.too_long(f"{path}.{name}", longest))

    def check(text: str, here: str) -> list[FieldError]:
        return formats.faults(here, text, ip.interface(text))

    return out + lists.unique(data.get("ips") or (), _MOST_ADDRESSES, f"{path}.ips", check)
