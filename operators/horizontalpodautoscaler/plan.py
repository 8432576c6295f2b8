"""HorizontalPodAutoscaler: how fast the wanted number of Pods may be reached (pure).

See the Kubernetes page "Horizontal Pod Autoscaling", section "Configurable scaling behavior".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from operators._kube.meta import Object

_STABILIZATION_SECONDS = 300
_LONGEST_PERIOD_SECONDS = 1800
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_FAST_UP = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
_READY = ("ReadyForNewScale", "recommended size matches current size")
_HIGHER = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_LOWER = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)

Words = tuple[str, str]
Entry = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class History:
    """What was recommended when, and by how many Pods it was scaled up and down: kept in memory, as upstream does."""

    recommendations: tuple[Entry, ...] = ()
    ups: tuple[Entry, ...] = ()
    downs: tuple[Entry, ...] = ()

    def scaled(self, old: int, new: int, now: datetime) -> History:
        if new > old:
            return replace(self, ups=(*_recent(self.ups, now, _LONGEST_PERIOD_SECONDS), (now, new - old)))
        return replace(self, downs=(*_recent(self.downs, now, _LONGEST_PERIOD_SECONDS), (now, old - new)))


@dataclass(frozen=True, slots=True)
class Normal:
    """What is done. `able`, `limited`: reason and message of AbleToScale and ScalingLimited."""

    replicas: int
    able: Words
    limited: Words
    is_limited: bool
    history: History


def normalize(spec: Object, current: int, wanted: int, history: History, now: datetime) -> Normal:
    """wanted: what the metrics ask for."""
    if not history.recommendations:
        history = replace(history, recommendations=((now, current),))
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    behavior = spec.get("behavior")
    if behavior is None:
        stable, able = _highest(wanted, history, now)
        replicas, limited = _in_bounds(current, stable, least, most)
    else:
        stable, able = _stabilized(current, wanted, behavior, history, now)
        replicas, limited = _at_rate(current, stable, least, most, behavior, history, now)
    window = max([_STABILIZATION_SECONDS, *(_window(behavior or {}, way) for way in ("scaleUp", "scaleDown"))])
    kept = (*_recent(history.recommendations, now, window), (now, wanted))
    return Normal(replicas, able, limited, replicas != stable, replace(history, recommendations=kept))


def _highest(wanted: int, history: History, now: datetime) -> tuple[int, Words]:
    recent = _recent(history.recommendations, now, _STABILIZATION_SECONDS)
    stable = max([wanted, *(number for _, number in recent)])
    return stable, _HIGHER if stable != wanted else _READY


def _in_bounds(current: int, wanted: int, least: int, most: int) -> tuple[int, Words]:
    """Without a behaviour of its own: at most twice as many at once, or four."""
    fastest = max(2 * current, 4)
    limit, words = (fastest, _FAST_UP) if most > fastest else (most, _MANY)
    if wanted < least:
        return least, _FEW
    return (limit, words) if wanted > limit else (wanted, _WITHIN)


def _stabilized(current: int, wanted: int, behavior: Object, history: History, now: datetime) -> tuple[int, Words]:
    up = _recent(history.recommendations, now, _window(behavior, "scaleUp"))
    down = _recent(history.recommendations, now, _window(behavior, "scaleDown"))
    lowest = min([wanted, *(number for _, number in up)])
    highest = max([wanted, *(number for _, number in down)])
    stable = min(max(current, lowest), highest)
    if stable == wanted:
        return stable, _READY
    return stable, _LOWER if wanted >= current else _HIGHER


def _at_rate(
    current: int, wanted: int, least: int, most: int, behavior: Object, history: History, now: datetime
) -> tuple[int, Words]:
    if wanted > current:
        fastest = max(current, _limit(current, behavior["scaleUp"], history, now, up=True))
        limit, words = (fastest, _FAST_UP) if most > fastest else (most, _MANY)
        return (limit, words) if wanted > limit else (wanted, _WITHIN)
    if wanted < current:
        fastest = min(current, _limit(current, behavior["scaleDown"], history, now, up=False))
        limit, words = (fastest, _FAST_DOWN) if least < fastest else (least, _FEW)
        return (limit, words) if wanted < limit else (wanted, _WITHIN)
    return wanted, _WITHIN


def _limit(current: int, rules: Object, history: History, now: datetime, *, up: bool) -> int:
    """The furthest that the policies allow; selectPolicy says which of them counts."""
    chosen = rules.get("selectPolicy", "Max")
    if chosen == "Disabled":
        return current
    limits = [_by_policy(current, policy, history, now, up=up) for policy in rules.get("policies") or ()]
    if not limits:
        return current
    return max(limits) if up == (chosen == "Max") else min(limits)


def _by_policy(current: int, policy: Object, history: History, now: datetime, *, up: bool) -> int:
    period, value = int(policy["periodSeconds"]), int(policy["value"])
    added = sum(change for _, change in _recent(history.ups, now, period))
    removed = sum(change for _, change in _recent(history.downs, now, period))
    start = current - added + removed
    if policy["type"] == "Pods":
        return start + value if up else start - value
    return math.ceil(start * (1 + value / 100)) if up else int(start * (1 - value / 100))


def _window(behavior: Object, way: str) -> int:
    default = 0 if way == "scaleUp" else _STABILIZATION_SECONDS
    seconds = (behavior.get(way) or {}).get("stabilizationWindowSeconds")
    return default if seconds is None else int(seconds)


def _recent(entries: Iterable[Entry], now: datetime, seconds: int) -> tuple[Entry, ...]:
    since = now - timedelta(seconds=seconds)
    return tuple(entry for entry in entries if entry[0] > since)
