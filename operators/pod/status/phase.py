"""status.phase (pure)."""

from collections.abc import Sequence

from operators.pod.sources import Object


def compute(pod: Object, inits: Sequence[Object], apps: Sequence[Object], is_over: bool) -> str:
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


def _is_sidecar(container: Object) -> bool:
    return bool(container.get("restartPolicy") == "Always")


def _ended(status: Object) -> bool:
    return "terminated" in status["state"] or "terminated" in status["lastState"]


def _exit_code(status: Object) -> int:
    ended = status["state"].get("terminated") or status["lastState"].get("terminated") or {"exitCode": 0}
    return int(ended["exitCode"])
