"""The timer's unit file, and systemd's knowledge of it. All of it blocks; call it in a thread."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

UNIT = "ukube-cron.timer"
FOLDER = Path("/etc/systemd/system")


def is_node(folder: Path = FOLDER) -> bool:
    """Whether this process is the installed service: elsewhere nothing of the machine is touched."""
    is_service = os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())
    return is_service and os.geteuid() == 0 and (folder / "ukube-operators.service").exists()


def arm(text: str, folder: Path = FOLDER) -> None:
    """Makes this the timer, and starts it; "": there is none. Raises OSError, CalledProcessError."""
    path = folder / UNIT
    before = path.read_text() if path.exists() else ""
    if not text:
        if before:
            _systemctl("stop", UNIT)
            path.unlink()
            _systemctl("daemon-reload")
        return
    if text == before:
        _systemctl("start", UNIT)
        return
    fresh = path.with_name(f".{UNIT}.new")
    fresh.write_text(text)
    fresh.rename(path)
    if before:
        _systemctl("daemon-reload")
    _systemctl("restart", UNIT)


def _systemctl(*words: str) -> None:
    argv = ["systemctl", "--quiet", *words]
    subprocess.run(argv, check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
