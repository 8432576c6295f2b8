"""When a sandbox node counts as booted. Pure."""

import re

_POD_UNIT = re.compile(r"ukube-[^ ]*_[^ ]*\.service")
# MicroKube's own services have a wait of their own, which shows why they are late; targets end with what they wait for.
_NOT_WAITED_FOR = re.compile(r"ukube-(apiserver|operators)\.service|.*\.target")


def is_done(state: str, jobs: str) -> bool:
    """state: what `systemctl is-system-running` says. jobs: the lines of `systemctl list-jobs --plain`.

    A Pod may take minutes to start, or restart for ever, and systemd says "starting" all the while.
    """
    if state in ("running", "degraded"):
        return True
    units = [line.split()[1] for line in jobs.splitlines() if len(line.split()) > 1]
    return (
        state == "starting"
        and bool(units)
        and all(_POD_UNIT.fullmatch(u) or _NOT_WAITED_FOR.fullmatch(u) for u in units)
    )
