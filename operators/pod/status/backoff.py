"""CrashLoopBackOff: how long a container that keeps ending is put off, and how that is told (pure)."""

from operators.pod.sources import Object
from operators.pod.status.facts import Report

_FIRST, _MAX = 10, 300


def seconds(restarts: int) -> int:
    """How long the next start of a container that keeps ending is put off: 10 s doubling up to 5 min."""
    return int(min(_FIRST * 2 ** min(max(restarts - 1, 0), 10), _MAX))


def message(pod: Object, container: str, report: Report) -> str:
    m = pod["metadata"]
    delay = seconds(len(report.view.exits) - 1)
    shown = f"{delay}s" if delay < 60 else f"{delay // 60}m{delay % 60}s"
    return f"back-off {shown} restarting failed container={container} pod={m['name']}_{m['namespace']}({m['uid']})"
