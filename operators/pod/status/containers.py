"""status.containerStatuses, initContainerStatuses and ephemeralContainerStatuses (pure)."""

from collections.abc import Mapping
from typing import Any

from operators.pod.lifecycle import plan
from operators.pod.sources import Object
from operators.pod.status import states
from operators.pod.status.facts import Facts, Report
from operators.pod.volumes import mounts

FIELDS = {
    "init": "initContainerStatuses",
    "sidecar": "initContainerStatuses",
    "ephemeral": "ephemeralContainerStatuses",
}


def reported(pod: Object) -> Mapping[str, Object]:
    """What the Pod's status says of its containers, by name."""
    old = pod.get("status") or {}
    fields = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return {entry["name"]: entry for field in fields for entry in old.get(field) or ()}


def compute(pod: Object, spec: Object, role: str, facts: Facts, *, was_due: bool = True) -> dict[str, Any]:
    """One entry. `was_due`: see states.state()."""
    report, old = facts.reports.get(spec["name"], Report()), reported(pod).get(spec["name"], {})
    view, many = report.view, len(plan.everything(pod))
    state = states.state(pod, spec, report, is_over=facts.is_over, was_due=was_due and role != "ephemeral")
    last = states.last_state(pod, old, report, state)
    is_running = "running" in state
    status: dict[str, Any] = {
        "name": spec["name"],
        "state": states.settle(state, old, many),
        "lastState": states.settle(last, old, many),
        "ready": is_running and report.is_ready and report.is_started,
        "restartCount": max(report.restarts_before + view.runs_before, int(old.get("restartCount") or 0)),
        "image": report.image or spec.get("image", ""),
        "imageID": report.image_id,
        "started": is_running and report.is_started,
    }
    if role == "init":
        status["ready"] = state.get("terminated", {}).get("exitCode") == 0
        status["started"] = is_running
    if role == "ephemeral":
        status["ready"] = False
        del status["started"]
    if container_id := _container_id(report, old):
        status["containerID"] = container_id
        _add_details(status, report)
    given = spec.get("resources") or {}
    status["resources"] = given if report.resources is None else report.resources
    if given.get("requests"):
        status["allocatedResources"] = given["requests"]
    if shown := [_mount_status(mount, report, old) for mount in spec.get("volumeMounts") or ()]:
        status["volumeMounts"] = shown
    return status


def _container_id(report: Report, old: Object) -> str:
    """That of the run the status is about; while the next one is being made, of the last."""
    ended = [exit_.container_id for exit_ in report.view.exits if exit_.container_id]
    found = report.view.container_id or (ended[-1] if ended else "")
    return f"podman://{found}" if found else str(old.get("containerID") or "")


def _add_details(status: dict[str, Any], report: Report) -> None:
    if report.user is not None:
        status["user"] = report.user
    if report.stop_signal:
        status["stopSignal"] = report.stop_signal


def _mount_status(mount: Object, report: Report, old: Object) -> dict[str, Any]:
    status: dict[str, Any] = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        # This node can do it for every volume: "IfPossible" is possible.
        status |= {"readOnly": True, "recursiveReadOnly": "Enabled" if mounts.recursive(mount) else "Disabled"}
    if reference := report.volume_images.get(mount["name"]):
        status["volumeStatus"] = {"image": {"imageRef": reference}}
    elif before := [entry for entry in old.get("volumeMounts") or () if entry["mountPath"] == mount["mountPath"]]:
        status |= {key: value for key, value in before[0].items() if key == "volumeStatus"}
    return status
