"""state and lastState of a container (pure)."""

import re
from datetime import UTC, datetime
from typing import Any

from operators._kube import meta
from operators.pod.lifecycle.exits import Exit
from operators.pod.sources import Object
from operators.pod.status import backoff
from operators.pod.status.facts import Report

_POD_MESSAGES = 12 * 1024  # bytes that all messages of a Pod's ended containers may have together
_SUB_PATH = re.compile(r"failed to (prepare subPath|create subPath directory) for volumeMount ")
_NOT_LOCATED = {
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
    "startedAt": None,
    "finishedAt": None,
}


def state(pod: Object, spec: Object, report: Report, *, is_over: bool, was_due: bool) -> dict[str, Any]:
    """`is_over`: the Pod has come to its end; `was_due`: the container should have run in it."""
    view = report.view
    last = view.exits[-1] if view.exits else None
    if view.doing == "running":
        return {"running": {"startedAt": time(view.started)}}
    if is_over:
        return _final(pod, spec, report, was_due=was_due)
    # What keeps it from being started anew, its image say, comes before why the last start came to nothing.
    is_kept = view.doing == "exited" and report.waiting is not None and report.waiting[0] != "CrashLoopBackOff"
    if last is not None and not last.is_created and view.doing in ("backoff", "exited") and not is_kept:
        return _waiting(_creation_error(last.message), last.message)
    if view.doing == "backoff" and last is not None:
        if backoff.streak(view.exits) > 1:
            return _waiting("CrashLoopBackOff", backoff.message(pod, spec["name"], report))
        if last.started == 0.0:
            return _waiting("RunContainerError", last.message or "it never ran")
        return {"terminated": terminated(last)}  # the first restart comes at once
    if view.doing in ("exited", "starting") and last is not None and last.is_created and not report.waiting:
        return {"terminated": terminated(last)}
    if report.waiting:
        return _waiting(*report.waiting)
    return _waiting("PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating")


def last_state(pod: Object, old: Object, report: Report, now: Object) -> Any:
    """The end of the run before the one that `now`, the state, is about. `old`: the container's status until now."""
    ended = [exit_ for exit_ in report.view.exits if exit_.is_created]
    if "terminated" in now:
        ended = ended[:-1]
    if ended:
        return {"terminated": terminated(ended[-1])}
    # What was known before a reboot, which takes the recorded exits of the sandbox before it.
    reported, running = old.get("containerID"), (old.get("state") or {}).get("running")
    if not reported or running is None or reported == f"podman://{report.view.container_id}" or "terminated" in now:
        return old.get("lastState") or {}
    ended_at = time(report.view.started) if report.view.started else running.get("startedAt")
    return {
        "terminated": {
            "exitCode": 255,
            "reason": "Unknown",
            "startedAt": running.get("startedAt"),
            "finishedAt": ended_at,
            "containerID": reported,
        }
    }


def terminated(exit_: Exit) -> dict[str, Any]:
    """A state of "terminated"."""
    result: dict[str, Any] = {
        "exitCode": exit_.code,
        "reason": exit_.reason,
        "startedAt": time(exit_.started),
        "finishedAt": time(exit_.finished),
    }
    if exit_.message:
        result["message"] = exit_.message
    if exit_.container_id:
        result["containerID"] = f"podman://{exit_.container_id}"
    return result


def settle(found: dict[str, Any], old: Object, containers: int) -> dict[str, Any]:
    """What has been said of an ended run stays said; messages share the room there is for those of a Pod."""
    said = [(old.get(key) or {}).get("terminated") for key in ("state", "lastState")]
    known = {entry["containerID"]: entry for entry in said if entry and entry.get("containerID")}
    entry = found.get("terminated")
    if entry is None:
        return found
    if entry.get("containerID") in known:
        return {"terminated": known[entry["containerID"]]}
    if message := entry.get("message"):
        entry["message"] = message.encode()[: _POD_MESSAGES // max(1, containers)].decode(errors="ignore")
    return found


def time(seconds: float) -> str:
    return meta.format_time(datetime.fromtimestamp(seconds, UTC))


def _final(pod: Object, spec: Object, report: Report, *, was_due: bool) -> dict[str, Any]:
    ended = [exit_ for exit_ in report.view.exits if exit_.is_created]
    if ended:
        return {"terminated": terminated(ended[-1])}
    if was_due:
        return {"terminated": dict(_NOT_LOCATED)}
    if report.waiting:
        return _waiting(*report.waiting)
    return _waiting("PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating")


def _creation_error(message: str) -> str:
    """What a container lacks on the node, such as a sub path of a volume, is its configuration's fault as upstream."""
    return "CreateContainerConfigError" if _SUB_PATH.match(message) else "CreateContainerError"


def _waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}
