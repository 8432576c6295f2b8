"""status.containerStatuses and its like (pure)."""

from datetime import UTC, datetime
from typing import Any

from operators._kube import meta
from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object
from operators.pod.status import backoff
from operators.pod.status.facts import Facts, Report


def compute(pod: Object, spec: Object, facts: Facts, *, is_init: bool) -> dict[str, Any]:
    """One entry of containerStatuses or initContainerStatuses."""
    report = facts.reports.get(spec["name"], Report())
    view, exits = report.view, report.view.exits
    state = _state(pod, spec, report, is_over=facts.is_over)
    is_running = "running" in state
    previous = exits[-2:-1] if "terminated" in state else exits[-1:]
    status: dict[str, Any] = {
        "name": spec["name"],
        "state": state,
        "lastState": {"terminated": terminated(previous[0])} if previous else _last_state(pod, spec, view),
        "ready": is_running and report.is_ready and report.is_started,
        "restartCount": report.restarts_before + view.runs_before,
        "image": report.image or spec.get("image", ""),
        "imageID": report.image_id,
        "started": is_running and report.is_started,
    }
    if is_init and spec.get("restartPolicy") != "Always":
        status["ready"] = state.get("terminated", {}).get("exitCode") == 0
        status["started"] = is_running
    container_id = view.container_id or (exits[-1].container_id if exits else "")
    if container_id:
        status["containerID"] = f"podman://{container_id}"
        if report.user is not None:
            status["user"] = report.user
    if resources := spec.get("resources"):
        status["resources"] = resources
        if resources.get("requests"):
            status["allocatedResources"] = resources["requests"]
    if mounts := [_mount_status(mount) for mount in spec.get("volumeMounts") or ()]:
        status["volumeMounts"] = mounts
    return status


def _last_state(pod: Object, spec: Object, view: View) -> Any:
    """What was known before a reboot, which takes the recorded exits of the sandbox before it."""
    old = pod.get("status") or {}
    entries = [*(old.get("initContainerStatuses") or ()), *(old.get("containerStatuses") or ())]
    entry: Object = next((entry for entry in entries if entry.get("name") == spec["name"]), {})
    reported = entry.get("containerID")
    if not reported or reported == f"podman://{view.container_id}" or "running" not in (entry.get("state") or {}):
        return entry.get("lastState") or {}
    ended = {"exitCode": 255, "reason": "Unknown", "startedAt": entry["state"]["running"].get("startedAt")}
    return {"terminated": {**ended, "finishedAt": _time(view.started), "containerID": reported}}


def terminated(exit_: Exit) -> dict[str, Any]:
    """A state of "terminated"."""
    result: dict[str, Any] = {
        "exitCode": exit_.code,
        "reason": exit_.reason,
        "startedAt": _time(exit_.started),
        "finishedAt": _time(exit_.finished),
    }
    if exit_.message:
        result["message"] = exit_.message
    if exit_.container_id:
        result["containerID"] = f"podman://{exit_.container_id}"
    return result


def _state(pod: Object, spec: Object, report: Report, *, is_over: bool) -> dict[str, Any]:
    view = report.view
    if view.doing == "running":
        return {"running": {"startedAt": _time(view.started)}}
    if view.exits and view.doing in ("exited", "starting") and not report.waiting:
        return {"terminated": terminated(view.exits[-1])}
    if is_over and view.exits:
        return {"terminated": terminated(view.exits[-1])}
    if view.doing == "backoff":
        if len(view.exits) == 1 and view.exits[0].started == 0.0:
            return {"waiting": {"reason": "RunContainerError", "message": view.exits[0].message or "it never ran"}}
        return {"waiting": {"reason": "CrashLoopBackOff", "message": backoff.message(pod, spec["name"], report)}}
    if report.waiting:
        reason, message = report.waiting
        return {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return {"waiting": {"reason": "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"}}


def _mount_status(mount: Object) -> dict[str, Any]:
    status = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status |= {"readOnly": True, "recursiveReadOnly": mount.get("recursiveReadOnly") or "Disabled"}
    return status


def _time(seconds: float) -> str:
    return meta.format_time(datetime.fromtimestamp(seconds, UTC))
