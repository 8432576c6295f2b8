"""Conditions of CustomResourceDefinitions: reading them and putting them, as upstream's helpers do."""

from __future__ import annotations

from typing import Any, Final

Object = dict[str, Any]

# Keeps a definition until its instances are gone.
FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"


def find(status: Object, kind: str) -> Object | None:
    """The condition of a type."""
    return next((found for found in status.get("conditions") or () if found.get("type") == kind), None)


def is_true(status: Object, kind: str) -> bool:
    found = find(status, kind)
    return found is not None and found.get("status") == "True"


def put(status: Object, kind: str, value: str, reason: str, message: str, now: str) -> bool:
    """Sets a condition in place; whether anything changed. now: metav1.Time, taken when the value is another one."""
    wanted = {"type": kind, "status": value, "reason": reason, "message": message}
    found = find(status, kind)
    if found is None:
        status["conditions"] = [*(status.get("conditions") or ()), {**wanted, "lastTransitionTime": now}]
        return True
    if {**found, **wanted} == found:
        return False
    if found.get("status") != value:
        found["lastTransitionTime"] = now
    found.update(wanted)
    return True


def mark_for_removal(crd: Object, now: str) -> None:
    """What a delete does to a definition: its instances go first. now: metav1.Time."""
    finalizers = crd["metadata"].setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    put(crd.setdefault("status", {}), "Terminating", "True", "InstanceDeletionPending", text, now)
