"""maxSurge and maxUnavailable of a rolling update, in whole Pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from operators._workloads import amounts


@dataclass(frozen=True, slots=True)
class Limits:
    """How many Pods a Deployment wants, may have too many (`surge`) and may miss (`unavailable`)."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """Pods that may exist at once."""
        return self.replicas + self.surge

    @property
    def least(self) -> int:
        """Pods that must be available at any time."""
        return self.replicas - self.unavailable


def of(deployment: dict[str, Any]) -> Limits:
    """The limits of a Deployment; both are 0 unless its strategy is RollingUpdate.

    A surge is rounded up and an unavailability down. If both come out as 0 nothing could ever move, so that
    one Pod may be missing then (Deployment concepts page, "Max Unavailable").
    """
    replicas = deployment["spec"].get("replicas", 1)
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return Limits(replicas, 0, 0)
    rolling = strategy.get("rollingUpdate") or {}
    surge = amounts.whole(rolling.get("maxSurge", "25%"), replicas, round_up=True)
    unavailable = amounts.whole(rolling.get("maxUnavailable", "25%"), replicas, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Limits(replicas, surge, min(unavailable, replicas))
