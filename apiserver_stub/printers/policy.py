"""Cells of access, admission, scheduling and API plumbing kinds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE, UNSET


def pod_disruption_budget(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [
        _name(obj),
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        cells.number(obj, "status", "disruptionsAllowed"),
        cells.age(obj, now),
    ]


def role_binding(obj: JSON, now: dt.datetime) -> list[Any]:
    role, subjects = cells.part(obj, "roleRef"), obj.get("subjects") or ()
    accounts = [f"{s.get('namespace') or ''}/{s.get('name')}" for s in subjects if s.get("kind") == "ServiceAccount"]
    return [
        _name(obj),
        f"{role.get('kind')}/{role.get('name')}",
        cells.age(obj, now),
        _subjects(subjects, "User"),
        _subjects(subjects, "Group"),
        ", ".join(accounts),
    ]


def _subjects(subjects: Any, kind: str) -> str:
    return ", ".join(str(s.get("name")) for s in subjects if s.get("kind") == kind)


def signing_request(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    seconds = spec.get("expirationSeconds")
    return [
        _name(obj),
        cells.age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username") or "",
        NONE if seconds is None else cells.human_duration(seconds),
        _signing_state(obj),
    ]


def _signing_state(obj: JSON) -> str:
    found = {c.get("type") for c in cells.part(obj, "status").get("conditions") or ()}
    words = ["Denied" if "Denied" in found else "Approved" if "Approved" in found else "Pending"]
    if "Failed" in found:
        words.append("Failed")
    if cells.part(obj, "status").get("certificate"):
        words.append("Issued")
    return ",".join(words)


def api_service(obj: JSON, now: dt.datetime) -> list[Any]:
    service, available = cells.part(obj, "spec", "service"), cells.condition(obj, "Available")
    shown = "Unknown"
    if available is not None:
        state, reason = available.get("status"), available.get("reason")
        shown = "True" if state == "True" else f"{state} ({reason})"
    backend = f"{service.get('namespace')}/{service.get('name')}" if service else "Local"
    return [_name(obj), backend, shown, cells.age(obj, now)]


def priority_class(obj: JSON, now: dt.datetime) -> list[Any]:
    return [
        _name(obj),
        cells.number(obj, "value"),
        bool(obj.get("globalDefault")),
        cells.age(obj, now),
        obj.get("preemptionPolicy") or "PreemptLowerPriority",
    ]


def runtime_class(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), obj.get("handler") or "", cells.age(obj, now)]


def lease(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), cells.text(obj, "spec", "holderIdentity"), cells.age(obj, now)]


def webhooks(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), len(obj.get("webhooks") or ()), cells.age(obj, now)]


def validating_policy(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), len(cells.part(obj, "spec").get("validations") or ()), _param_kind(obj), cells.age(obj, now)]


def mutating_policy(obj: JSON, now: dt.datetime) -> list[Any]:
    return [_name(obj), len(cells.part(obj, "spec").get("mutations") or ()), _param_kind(obj), cells.age(obj, now)]


def _param_kind(obj: JSON) -> str:
    kind = cells.part(obj, "spec", "paramKind")
    return f"{kind.get('apiVersion')}/{kind.get('kind')}" if kind else UNSET


def policy_binding(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, ref = cells.part(obj, "spec"), cells.part(obj, "spec", "paramRef")
    words = [word for word in (ref.get("namespace"), ref.get("name")) if word]
    return [_name(obj), spec.get("policyName") or "", "/".join(words) or UNSET, cells.age(obj, now)]


def flow_schema(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, dangling = cells.part(obj, "spec"), cells.condition(obj, "Dangling")
    return [
        _name(obj),
        cells.text(spec, "priorityLevelConfiguration", "name"),
        cells.number(spec, "matchingPrecedence"),
        cells.text(spec, "distinguisherMethod", "type", default=NONE),
        cells.age(obj, now),
        "?" if dangling is None else dangling.get("status") or "",
    ]


def priority_level(obj: JSON, now: dt.datetime) -> list[Any]:
    limited = cells.part(obj, "spec", "limited")
    queuing = cells.part(limited, "limitResponse", "queuing")
    return [
        _name(obj),
        cells.text(obj, "spec", "type"),
        limited.get("nominalConcurrencyShares", 0) if limited else NONE,
        *(queuing.get(name, 0) if queuing else NONE for name in ("queues", "handSize", "queueLengthLimit")),
        cells.age(obj, now),
    ]


def resource_claim(obj: JSON, now: dt.datetime) -> list[Any]:
    status, words = cells.part(obj, "status"), []
    if cells.is_deleting(obj):
        words.append("deleted")
    if status.get("allocation"):
        words.append("allocated")
        if status.get("reservedFor"):
            words.append("reserved")
    elif not words:
        words.append("pending")
    return [_name(obj), ",".join(words), cells.age(obj, now)]


def resource_slice(obj: JSON, now: dt.datetime) -> list[Any]:
    spec = cells.part(obj, "spec")
    return [
        _name(obj),
        spec.get("nodeName") or UNSET,
        spec.get("driver") or "",
        cells.text(spec, "pool", "name"),
        cells.age(obj, now),
    ]


def _name(obj: JSON) -> str:
    return cells.text(obj, "metadata", "name")
