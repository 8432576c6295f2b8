"""Cells of Pods: the one word that sums a Pod up, ready containers, restarts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE

# Row conditions: clients that watch a table can tell finished Pods by them.
_FINISHED = {
    "Succeeded": ("Succeeded", "The pod has completed successfully."),
    "Failed": ("Failed", "The pod failed."),
}


def pod(obj: JSON, now: dt.datetime) -> list[Any]:
    summary = _Summary(obj)
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    ips = status.get("podIPs") or ()
    return [
        cells.text(obj, "metadata", "name"),
        f"{summary.ready}/{summary.total}",
        summary.reason,
        summary.restarts_text(now),
        cells.age(obj, now),
        (ips[0].get("ip") if ips else status.get("podIP")) or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(obj),
    ]


def row_conditions(obj: JSON) -> list[dict[str, str]]:
    """metav1.TableRowConditions of a finished Pod."""
    found = _FINISHED.get(cells.text(obj, "status", "phase"))
    if found is None:
        return []
    return [{"type": "Completed", "status": "True", "reason": found[0], "message": found[1]}]


class _Summary:
    """Reads a Pod's status top to bottom: phase, init containers, containers, deletion."""

    def __init__(self, obj: JSON) -> None:
        spec, self._status = cells.part(obj, "spec"), cells.part(obj, "status")
        self._init = spec.get("initContainers") or []
        self._sidecars = {c.get("name") for c in self._init if c.get("restartPolicy") == "Always"}
        self._obj = obj
        self.total = len(spec.get("containers") or ()) + len(self._sidecars)
        self.ready = 0
        self._restarts = 0
        self._restarted: dt.datetime | None = None
        self.reason = self._phase()
        initializing = self._read_init_containers()
        if not initializing or cells.is_true(obj, "Initialized"):
            self._read_containers()
        if cells.is_deleting(obj):
            self._deleting()

    def restarts_text(self, now: dt.datetime) -> str:
        if not self._restarts or self._restarted is None:
            return str(self._restarts)
        return f"{self._restarts} ({cells.human_duration((now - self._restarted).total_seconds())} ago)"

    def _phase(self) -> str:
        scheduled = cells.condition(self._obj, "PodScheduled")
        if scheduled is not None and scheduled.get("reason") == "SchedulingGated":
            return "SchedulingGated"
        return self._status.get("reason") or self._status.get("phase") or ""

    def _read_init_containers(self) -> bool:
        """Counts init containers; True when one of them is what the Pod waits for."""
        for index, status in enumerate(self._status.get("initContainerStatuses") or ()):
            self._count_restarts(status)
            state = status.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting")
            if terminated is not None and not terminated.get("exitCode"):
                continue
            if status.get("name") in self._sidecars and status.get("started"):
                self.ready += bool(status.get("ready"))
                continue
            if terminated is not None:
                self.reason = f"Init:{_ended(terminated)}"
            elif waiting is not None and waiting.get("reason", "") not in ("", "PodInitializing"):
                self.reason = f"Init:{waiting['reason']}"
            else:
                self.reason = f"Init:{index}/{len(self._init)}"
            return True
        return False

    def _read_containers(self) -> None:
        self._restarts, self._restarted = 0, None
        for status in self._status.get("initContainerStatuses") or ():
            if status.get("name") in self._sidecars:
                self._count_restarts(status)
        running = False
        for status in reversed(self._status.get("containerStatuses") or ()):
            self._count_restarts(status)
            state = status.get("state") or {}
            terminated = state.get("terminated")
            if (state.get("waiting") or {}).get("reason"):
                self.reason = state["waiting"]["reason"]
            elif terminated is not None:
                self.reason = _ended(terminated)
            elif status.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed" and running:
            self.reason = "Running" if cells.is_true(self._obj, "Ready") else "NotReady"

    def _count_restarts(self, status: JSON) -> None:
        self._restarts += int(status.get("restartCount") or 0)
        last = (status.get("lastState") or {}).get("terminated") or {}
        ended = cells.parse_time(last["finishedAt"]) if last.get("finishedAt") else None
        if ended is not None and (self._restarted is None or self._restarted < ended):
            self._restarted = ended

    def _deleting(self) -> None:
        if self._status.get("reason") == "NodeLost":
            self.reason = "Unknown"
        elif self._status.get("phase") not in _FINISHED:
            self.reason = "Terminating"


def _ended(terminated: JSON) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _readiness_gates(obj: JSON) -> str:
    gates = cells.part(obj, "spec").get("readinessGates") or ()
    if not gates:
        return NONE
    passed = sum(cells.is_true(obj, gate.get("conditionType") or "") for gate in gates)
    return f"{passed}/{len(gates)}"


def pod_template(obj: JSON, now: dt.datetime) -> list[Any]:
    template = cells.part(obj, "template")
    names, images = cells.containers(cells.part(template, "spec"))
    shown = cells.labels(cells.part(template, "metadata").get("labels"))
    return [cells.text(obj, "metadata", "name"), names, images, shown]
