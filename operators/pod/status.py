"""A Pod's status as kubelet writes it (pure).

See the Kubernetes page "Pod Lifecycle" for phases, conditions and container states.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from operators._kube import conditions, meta, quantity
from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object

_BACKOFF_FIRST, _BACKOFF_MAX = 10, 300


@dataclass(frozen=True, slots=True)
class Report:
    """One container, as far as the node knows it.

    waiting: (reason, message) of what keeps it from starting. restarts_before: restartCount at the time its present
    sandbox was made. is_ready, is_started: what its probes say, True where it has none.
    """

    view: View = field(default_factory=View)
    waiting: tuple[str, str] | None = None
    image: str = ""
    image_id: str = ""
    restarts_before: int = 0
    is_ready: bool = True
    is_started: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What the node adds. has_sandbox: the Pod's namespaces stand. is_over: nothing will be started again."""

    pod_ip: str = ""
    host_ips: tuple[str, ...] = ()
    has_sandbox: bool = False
    is_over: bool = False
    reports: Mapping[str, Report] = field(default_factory=dict)


def compute(pod: Object, facts: Facts, now: datetime) -> dict[str, Any]:
    """The whole new status; what others wrote into the old one (conditions of theirs, nominations) is kept."""
    old = dict(pod.get("status") or {})
    inits = [container_status(pod, spec, facts, is_init=True) for spec in pod["spec"].get("initContainers") or ()]
    apps = [container_status(pod, spec, facts, is_init=False) for spec in pod["spec"]["containers"]]
    phase_now = phase(pod, inits, apps, facts.is_over)
    new = {
        **old,
        "phase": phase_now,
        "conditions": _conditions(pod, phase_now, inits, apps, facts, now),
        "startTime": old.get("startTime") or meta.format_time(now),
        "containerStatuses": apps,
        "qosClass": old.get("qosClass") or qos_class(pod),
    }
    if inits:
        new["initContainerStatuses"] = inits
    if generation := meta.generation_of(pod):
        new["observedGeneration"] = generation
    if facts.host_ips:
        new |= {"hostIP": facts.host_ips[0], "hostIPs": [{"ip": ip} for ip in facts.host_ips]}
    pod_ip = facts.pod_ip or (facts.host_ips[0] if pod["spec"].get("hostNetwork") and facts.host_ips else "")
    if pod_ip and (facts.has_sandbox or old.get("podIP")):
        new |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    return new


def rejected(pod: Object, reason: str, message: str, now: datetime) -> dict[str, Any]:
    """The status of a Pod that this node refuses to run."""
    old = dict(pod.get("status") or {})
    return {
        **old,
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
        "startTime": old.get("startTime") or meta.format_time(now),
        "qosClass": old.get("qosClass") or qos_class(pod),
    }


def container_status(pod: Object, spec: Object, facts: Facts, *, is_init: bool) -> dict[str, Any]:
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


def phase(pod: Object, inits: Sequence[Object], apps: Sequence[Object], is_over: bool) -> str:
    """status.phase, from the container statuses."""
    never = pod["spec"].get("restartPolicy") == "Never"
    plain = [s for s, c in zip(inits, pod["spec"].get("initContainers") or (), strict=True) if not _is_sidecar(c)]
    failed_inits = [s for s in plain if _ended(s) and _exit_code(s) != 0]
    if failed_inits and (never or is_over):
        return "Failed"
    if any(status["state"].get("terminated", {}).get("exitCode") != 0 for status in plain):
        return "Pending" if not is_over else "Failed"
    if any("waiting" in status["state"] and not _ended(status) for status in apps):
        return "Pending" if not is_over else "Failed"
    if any("running" in status["state"] for status in apps):
        return "Running"
    codes = [_exit_code(status) for status in apps]
    policy = pod["spec"].get("restartPolicy") or "Always"
    if not is_over and (policy == "Always" or (policy == "OnFailure" and any(codes))):
        return "Running"
    return "Failed" if any(codes) else "Succeeded"


def qos_class(pod: Object) -> str:
    """See the Kubernetes page "Pod Quality of Service Classes"."""
    containers = [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
    resources = [container.get("resources") or {} for container in containers]
    named = [{name for name in ("cpu", "memory") if _positive(part, name)} for r in resources for part in _parts(r)]
    if not any(named):
        return "BestEffort"
    for r in resources:
        limits, requests = r.get("limits") or {}, r.get("requests") or {}
        for name in ("cpu", "memory"):
            if not _positive(limits, name):
                return "Burstable"
            if name in requests and quantity.parse(str(requests[name])) != quantity.parse(str(limits[name])):
                return "Burstable"
    return "Guaranteed"


def backoff_seconds(restarts: int) -> int:
    """How long the next start of a container that keeps ending is put off: 10 s doubling up to 5 min."""
    return int(min(_BACKOFF_FIRST * 2 ** min(max(restarts - 1, 0), 10), _BACKOFF_MAX))


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
        return {"waiting": {"reason": "CrashLoopBackOff", "message": backoff_message(pod, spec["name"], report)}}
    if report.waiting:
        reason, message = report.waiting
        return {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return {"waiting": {"reason": "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"}}


def backoff_message(pod: Object, container: str, report: Report) -> str:
    m = pod["metadata"]
    seconds = backoff_seconds(len(report.view.exits) - 1)
    shown = f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"
    return f"back-off {shown} restarting failed container={container} pod={m['name']}_{m['namespace']}({m['uid']})"


def _conditions(
    pod: Object, phase_now: str, inits: Sequence[Object], apps: Sequence[Object], facts: Facts, now: datetime
) -> list[dict[str, Any]]:
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if _is_sidecar(c)}
    incomplete = [s["name"] for s in inits if not (s["started"] if s["name"] in sidecars else s["ready"])]
    unready = [s["name"] for s in (*inits, *apps) if not s["ready"] and (s in apps or s["name"] in sidecars)]
    initialized = conditions.make("Initialized", not incomplete)
    if incomplete:
        initialized |= {
            "reason": "ContainersNotInitialized",
            "message": f"containers with incomplete status: [{' '.join(incomplete)}]",
        }
    elif phase_now == "Succeeded":
        initialized["reason"] = "PodCompleted"
    containers_ready = _ready("ContainersReady", phase_now, unready)
    ready = _ready("Ready", phase_now, unready)
    present = conditions.of(dict(pod))
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    if ready["status"] == "True" and (closed := [g for g in gates if not conditions.is_true(present, g)]):
        ready = conditions.make("Ready", False, "ReadinessGatesNotReady", _gates_message(closed, present))
    new = [
        conditions.make("PodReadyToStartContainers", facts.has_sandbox),
        initialized,
        ready,
        containers_ready,
        conditions.get(present, "PodScheduled") or conditions.make("PodScheduled", True),
    ]
    result = list(present)
    for condition in new:
        result = _put(result, condition, meta.generation_of(pod), now)
    return result


def _put(present: list[dict[str, Any]], new: Object, generation: int, now: datetime) -> list[dict[str, Any]]:
    placed = conditions.put(present, dict(new), now)
    extra: dict[str, Any] = {"lastProbeTime": None}
    if generation:
        extra["observedGeneration"] = generation
    return [{**c, **extra} if c["type"] == new["type"] else c for c in placed]


def _ready(type_: str, phase_now: str, unready: Sequence[str]) -> dict[str, Any]:
    if phase_now == "Succeeded":
        return conditions.make(type_, False, "PodCompleted")
    if phase_now == "Failed":
        return conditions.make(type_, False, "PodFailed")
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return conditions.make(type_, False, "ContainersNotReady", message)
    return conditions.make(type_, True)


def _gates_message(closed: Iterable[str], present: Iterable[Object]) -> str:
    known = {condition["type"]: condition for condition in present}
    return ", ".join(
        f'the status of pod readiness gate "{gate}" is not "True", but {known[gate]["status"]}'
        if gate in known
        else f'corresponding condition of pod readiness gate "{gate}" does not exist.'
        for gate in closed
    )


def _parts(resources: Object) -> tuple[Object, Object]:
    return (resources.get("limits") or {}, resources.get("requests") or {})


def _positive(amounts: Object, name: str) -> bool:
    return name in amounts and quantity.parse(str(amounts[name])) > 0


def _mount_status(mount: Object) -> dict[str, Any]:
    status = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status |= {"readOnly": True, "recursiveReadOnly": mount.get("recursiveReadOnly") or "Disabled"}
    return status


def _is_sidecar(container: Object) -> bool:
    return bool(container.get("restartPolicy") == "Always")


def _ended(status: Object) -> bool:
    return "terminated" in status["state"] or "terminated" in status["lastState"]


def _exit_code(status: Object) -> int:
    ended = status["state"].get("terminated") or status["lastState"].get("terminated") or {"exitCode": 0}
    return int(ended["exitCode"])


def _time(seconds: float) -> str:
    return meta.format_time(datetime.fromtimestamp(seconds, UTC))
