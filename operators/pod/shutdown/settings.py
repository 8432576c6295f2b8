"""How long a shutdown waits for Pods: kubelet's shutdownGracePeriod and shutdownGracePeriodCriticalPods."""

import os
from dataclasses import dataclass

_PERIOD, _CRITICAL = 30.0, 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """In seconds. period: for all Pods together; critical: the part of it that critical Pods have; 0: don't wait."""

    period: float = _PERIOD
    critical: float = _CRITICAL


def read() -> Settings:
    """$UKUBE_SHUTDOWN_GRACE_PERIOD and …_CRITICAL_PODS; what is no number counts as not given."""
    period = _seconds("UKUBE_SHUTDOWN_GRACE_PERIOD", _PERIOD)
    critical = _seconds("UKUBE_SHUTDOWN_GRACE_PERIOD_CRITICAL_PODS", _CRITICAL)
    return Settings(period, min(critical, period))


def _seconds(name: str, otherwise: float) -> float:
    try:
        return max(0.0, float(os.environ.get(name) or otherwise))
    except ValueError:
        return otherwise
