"""How the runs of a container ended, as libexec/post.sh wrote it down (pure)."""

import signal
from dataclasses import dataclass

_FIELDS = 7
_PODMAN_FAILED = 125  # podman-run(1), "Exit Status": the error is with podman itself, no container came of it
_LOST = "lost"


@dataclass(frozen=True, slots=True)
class Exit:
    """One ended run. started, finished: seconds since the epoch; started 0.0: it never ran at all.

    is_created: False when not even a container came of it.
    """

    invocation: str
    result: str
    code: int
    container_id: str
    started: float
    finished: float
    message: str = ""
    is_created: bool = True

    @property
    def reason(self) -> str:
        """As in containerStatuses[].state.terminated.reason."""
        if self.result == _LOST:
            return "Unknown"
        if self.started == 0.0:
            return "StartError"
        if self.result == "oom-kill":
            return "OOMKilled"
        return "Completed" if self.code == 0 else "Error"


def lost(container_id: str, started: float, finished: float) -> Exit:
    """The end of a run that nobody saw: the machine went down with it."""
    return Exit(f"{_LOST}-{container_id}", _LOST, 255, container_id, started, finished)


def parse(text: str) -> list[Exit]:
    """The records of one file, oldest first; a line cut short by a power cut is skipped."""
    return [found for line in text.splitlines() if (found := _parse_line(line)) is not None]


def forgotten(text: str) -> int:
    """How many runs came before the first of those, which have no record any more."""
    first = text.partition("\n")[0]
    return int(first[1:]) if first.startswith("+") and first[1:].isdecimal() else 0


def _parse_line(line: str) -> Exit | None:
    words = line.split(" ")
    if len(words) != _FIELDS:
        return None
    invocation, result, how, status, container_id, started, finished = words
    try:
        start, end = float(started), float(finished)
    except ValueError:
        return None
    code, cid = exit_code(how, status), "" if container_id == "-" else container_id
    if start == 0.0:
        # What never ran ended by podman's own exit code; upstream's runtimes call that 128.
        return Exit(invocation, result, 128, cid, start, end, is_created=how != "none" and code != _PODMAN_FAILED)
    return Exit(invocation, result, code, cid, start, end)


def exit_code(how: str, status: str) -> int:
    """systemd's $EXIT_CODE and $EXIT_STATUS as one number; 255 where they say nothing. See systemd.exec(5)."""
    if how == "exited":
        return int(status) if status.isdecimal() else 255
    try:
        return 128 + signal.Signals[f"SIG{status}"]
    except KeyError:
        return 255
