"""status.phase (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from operators.pod.lifecycle import plan, policy
from operators.pod.sources import Object

ENDED = ("Succeeded", "Failed")


@dataclass(slots=True)
class _Tally:
    """How many containers are in which state; `codes`: how the ended ones ended, with whether they are restarted."""

    running: int = 0
    waiting: int = 0
    stopped: int = 0
    failed: int = 0
    restarting: int = 0


def compute(pod: Object, statuses: Mapping[str, Object], *, is_over: bool) -> str:
    """From the containers' statuses, by name. `is_over`: nothing is started again, whatever the policies say."""
    roles = {role: [(c, statuses[c["name"]]) for c, r in plan.containers(pod) if r == role] for role in _ROLES}
    begun = any(_has_started(status) for _, status in roles["container"])
    pending, broken = _initialization(pod, roles["init"])
    if is_over and (pending or broken):
        return "Failed"
    if broken and not all(_restarts(pod, c, "init", s) for c, s in roles["init"] if _failed(s)):
        return "Failed"
    unready = any(not s.get("started") for _, s in roles["sidecar"] if not _ended(s))
    if pending or broken or (unready and not begun and not is_over):
        return "Pending"
    return _running(pod, roles, is_over=is_over)


def _running(pod: Object, roles: Mapping[str, list[tuple[Object, Object]]], *, is_over: bool) -> str:
    tally = _Tally()
    tally.running = sum("running" in status["state"] for _, status in roles["sidecar"])
    for container, status in roles["container"]:
        if "running" in status["state"]:
            tally.running += 1
        elif not _ended(status):
            tally.waiting += 1
        else:
            tally.stopped += 1
            tally.failed += _exit_code(status) != 0
            tally.restarting += _restarts(pod, container, "container", status)
    if tally.waiting:
        return "Failed" if is_over else "Pending"
    if tally.running or (tally.restarting and not is_over):
        return "Running"
    return "Failed" if tally.failed else "Succeeded"


_ROLES = ("init", "sidecar", "container")


def _initialization(pod: Object, inits: list[tuple[Object, Object]]) -> tuple[bool, bool]:
    """Whether some init container has not ended yet, and whether one has failed."""
    pending = any("running" in s["state"] or not _ended(s) for _, s in inits)
    return pending and not any(_failed(s) for _, s in inits), any(_failed(s) for _, s in inits)


def _failed(status: Object) -> bool:
    return "running" not in status["state"] and _ended(status) and _exit_code(status) != 0


def _restarts(pod: Object, container: Object, role: str, status: Object) -> bool:
    return policy.restarts(pod, container, role, _exit_code(status))


def _has_started(status: Object) -> bool:
    return "running" in status["state"] or _ended(status)


def _ended(status: Object) -> bool:
    return "terminated" in status["state"] or "terminated" in status["lastState"]


def _exit_code(status: Object) -> int:
    ended = status["state"].get("terminated") or status["lastState"].get("terminated") or {"exitCode": 0}
    return int(ended["exitCode"])
