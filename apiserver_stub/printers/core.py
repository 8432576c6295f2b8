"""Cells of the core group's smaller kinds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNKNOWN

_ROLE_PREFIX = "node-role.kubernetes.io/"


def namespace(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), cells.text(obj, "status", "phase"), cells.age(obj, now)]


def config_map(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), cells.age(obj, now)]


def secret(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), obj.get("type") or "", len(obj.get("data") or ()), cells.age(obj, now)]


def component_status(obj: JSON, now: dt.datetime) -> list[Any]:
    healthy = next((c for c in obj.get("conditions") or () if c.get("type") == "Healthy"), None)
    if healthy is None:
        return [_name(obj), "Unknown", "", ""]
    status = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [_name(obj), status, healthy.get("message") or "", healthy.get("error") or ""]


def replication_controller(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    return [
        _name(obj),
        cells.number(spec, "replicas"),
        cells.number(status, "replicas"),
        cells.number(status, "readyReplicas"),
        cells.age(obj, now),
        *cells.template_cells(spec),
        cells.labels(spec.get("selector")),
    ]


def resource_quota(obj: JSON, now: dt.datetime) -> list[Any]:
    status = cells.part(obj, "status")
    hard, used = status.get("hard") or {}, status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource in sorted(hard):
        shown = f"{resource}: {used.get(resource, '0')}/{hard[resource]}"
        (limits if resource.startswith("limits.") else requests).append(shown)
    return [_name(obj), ", ".join(requests), ", ".join(limits), cells.age(obj, now)]


def node(obj: JSON, now: dt.datetime) -> list[Any]:
    info = cells.part(obj, "status", "nodeInfo")
    return [
        _name(obj),
        _node_status(obj),
        _node_roles(obj),
        cells.age(obj, now),
        info.get("kubeletVersion") or "",
        _node_address(obj, "InternalIP"),
        _node_address(obj, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        _kernel(info),
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _node_status(obj: JSON) -> str:
    ready = cells.condition(obj, "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if cells.part(obj, "spec").get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _node_roles(obj: JSON) -> str:
    roles = set()
    for key, value in (cells.part(obj, "metadata").get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == "kubernetes.io/role":
            roles.add(value)
    return ",".join(sorted(roles - {""})) or NONE


def _node_address(obj: JSON, kind: str) -> str:
    addresses = cells.part(obj, "status").get("addresses") or ()
    return next((a.get("address") or "" for a in addresses if a.get("type") == kind), NONE)


def _kernel(info: JSON) -> str:
    version, machine = info.get("kernelVersion") or UNKNOWN, info.get("architecture")
    return f"{version} ({machine})" if machine else version


def _name(obj: JSON) -> str:
    return cells.text(obj, "metadata", "name")
