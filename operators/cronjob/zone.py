"""The machine's time zone: that of schedules without one."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo


def local(path: Path = Path("/etc/localtime")) -> tzinfo:
    """As $TZ or /etc/localtime say; UTC where they say nothing."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with path.open("rb") as data:
            return ZoneInfo.from_file(data)
    except (KeyError, OSError, ValueError):
        return UTC
