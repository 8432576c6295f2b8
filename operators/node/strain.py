"""For how long a shortage that was seen is told as a condition (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from operators.node.facts import Pressure

#: A kubelet's eviction-pressure-transition-period: a node that hovers about a threshold does not flap.
TRANSITION = timedelta(minutes=5)


def observed(before: Mapping[str, datetime], met: Iterable[str], now: datetime) -> dict[str, datetime]:
    """When each condition was last seen. `met`: those whose thresholds are met now."""
    recent = {condition: at for condition, at in before.items() if now - at < TRANSITION}
    return {**recent, **dict.fromkeys(met, now)}


def pressure(seen: Mapping[str, datetime], now: datetime) -> Pressure:
    short = {condition for condition, at in seen.items() if now - at < TRANSITION}
    return Pressure("MemoryPressure" in short, "DiskPressure" in short, "PIDPressure" in short)
