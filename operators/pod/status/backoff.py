"""CrashLoopBackOff: how long a container that keeps ending is put off, and how that is told (pure)."""

from collections.abc import Sequence

from operators.pod.lifecycle.exits import Exit
from operators.pod.sources import Object
from operators.pod.status.facts import Report

_FIRST, _MAX = 10, 300
_FORGIVEN = 600.0  # a run of so many seconds makes what was before it not count


def streak(exits: Sequence[Exit]) -> int:
    """How many runs in a row have ended, the last long one included. The restart after the first comes at once."""
    count = 0
    for exit_ in exits:
        is_long = exit_.started > 0 and exit_.finished - exit_.started >= _FORGIVEN
        count = 1 if is_long else count + 1
    return count


def seconds(restarts: int) -> int:
    """How long the next start of a container that keeps ending is put off: 10 s doubling up to 5 min."""
    return int(min(_FIRST * 2 ** min(max(restarts - 1, 0), 10), _MAX))


def message(pod: Object, container: str, report: Report) -> str:
    m = pod["metadata"]
    delay = seconds(streak(report.view.exits) - 1)
    shown = f"{delay}s" if delay < 60 else f"{delay // 60}m{delay % 60}s"
    return f"back-off {shown} restarting failed container={container} pod={m['name']}_{m['namespace']}({m['uid']})"
