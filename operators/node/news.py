"""What a kubelet tells of its Node in Events (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from operators._kube import conditions
from operators._kube.actions import EventType
from operators._kube.meta import Object


class News(NamedTuple):
    type: EventType
    reason: str
    message: str


# condition: (reason while it is True, reason while it is not)
_REASONS = {
    "MemoryPressure": ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
    "DiskPressure": ("NodeHasDiskPressure", "NodeHasNoDiskPressure"),
    "PIDPressure": ("NodeHasInsufficientPID", "NodeHasSufficientPID"),
    "Ready": ("NodeReady", "NodeNotReady"),
}

STARTING = News("Normal", "Starting", "Starting kubelet.")
ENFORCED = News("Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")


def about(name: str) -> Object:
    """The Node as Events of a kubelet name it: by its name also where others give the UID."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}


def of_status(name: str, old: Object, new: Object) -> Iterator[News]:
    """What has changed from one status to the next."""
    before, after = old.get("conditions") or (), new.get("conditions") or ()
    for type_, reasons in _REASONS.items():
        now, was = conditions.get(after, type_), conditions.get(before, type_)
        if now is not None and (was is None or was.get("status") != now["status"]):
            yield _status(name, reasons[0] if now["status"] == "True" else reasons[1])
    boots = [(status.get("nodeInfo") or {}).get("bootID") for status in (old, new)]
    if all(boots) and boots[0] != boots[1]:
        yield News("Warning", "Rebooted", f"Node {name} has been rebooted, boot id: {boots[1]}")


def of_scheduling(name: str, was: bool | None, node: Object) -> Iterator[News]:
    """was: whether Pods were kept away when it was last looked at; None: never."""
    now = bool((node.get("spec") or {}).get("unschedulable"))
    if was is not None and was != now:
        yield _status(name, "NodeNotSchedulable" if now else "NodeSchedulable")


def _status(name: str, reason: str) -> News:
    return News("Normal", reason, f"Node {name} status is now: {reason}")
