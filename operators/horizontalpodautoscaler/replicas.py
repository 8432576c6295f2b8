"""HorizontalPodAutoscaler: how many Pods a metric asks for (pure). Values are in thousandths.

See the Kubernetes page "Horizontal Pod Autoscaling", section "Algorithm details".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from operators._kube import conditions, meta, quantity
from operators._kube.meta import Object

# As kube-controller-manager's --horizontal-pod-autoscaler-cpu-initialization-period and -initial-readiness-delay.
_INITIALIZATION = timedelta(minutes=5)
_FIRST_READINESS = timedelta(seconds=30)


class Unusable(Exception):
    """A metric says nothing now; in upstream's words."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One Pod's value. `window`: seconds over which it was measured before `at`."""

    value: int
    at: datetime
    window: float = 0.0


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far from 1 the ratio of use to target may be before anything is done."""

    up: float = 0.1
    down: float = 0.1

    def covers(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class Proposal:
    """`utilization`: percent, where the target is one."""

    replicas: int
    average: int
    utilization: int | None = None


@dataclass(slots=True)
class Groups:
    """Pods by what they may say: `ready` count, `unready` count only on the way up as idle, `missing` said nothing."""

    ready: int = 0
    unready: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)


def group(pods: Collection[Object], samples: Mapping[str, Sample], resource: str, now: datetime) -> Groups:
    found = Groups()
    for pod in pods:
        name, phase = meta.name_of(pod), (pod.get("status") or {}).get("phase")
        if meta.is_deleting(pod) or phase == "Failed":
            found.ignored.add(name)
        elif phase == "Pending":
            found.unready.add(name)
        elif name not in samples:
            found.missing.add(name)
        elif resource == "cpu" and _is_starting(pod, samples[name], now):
            found.unready.add(name)
        else:
            found.ready += 1
    return found


def _is_starting(pod: Object, sample: Sample, now: datetime) -> bool:
    """What a Pod uses while it starts says nothing about its load."""
    ready, start = conditions.get(conditions.of(pod), "Ready"), (pod.get("status") or {}).get("startTime")
    if ready is None or not start:
        return True
    began, is_unready = meta.parse_time(start), ready.get("status") == "False"
    changed = meta.parse_time(ready.get("lastTransitionTime") or start)
    if began + _INITIALIZATION > now:
        return is_unready or sample.at < changed + timedelta(seconds=sample.window)
    return is_unready and began + _FIRST_READINESS > changed


def by_utilization(
    current: int,
    target: int,
    resource: str,
    pods: Collection[Object],
    samples: Mapping[str, Sample],
    tolerance: Tolerance,
    now: datetime,
    container: str = "",
) -> Proposal:
    """target: percent of what the Pods request. Raises Unusable."""
    groups, values = _usable(pods, samples, resource, now)
    wanted = requests(pods, resource, container)

    def ratio(values: Mapping[str, int]) -> tuple[float, int, int]:
        known = {name: value for name, value in values.items() if name in wanted}
        whole = sum(wanted[name] for name in known)
        if not whole:
            raise Unusable("no metrics returned matched known pods")
        percent = sum(known.values()) * 100 // whole
        return percent / target, percent, sum(known.values()) // len(known)

    first, percent, average = ratio(values)
    absent = {name: wanted[name] * max(100, target) // 100 for name in groups.missing}
    replicas = _replicas(current, first, groups, values, absent, tolerance, lambda changed: ratio(changed)[0])
    return Proposal(replicas, average, percent)


def by_average(
    current: int,
    target: int,
    resource: str,
    pods: Collection[Object],
    samples: Mapping[str, Sample],
    tolerance: Tolerance,
    now: datetime,
) -> Proposal:
    """target: what a Pod shall use. Raises Unusable."""
    groups, values = _usable(pods, samples, resource, now)

    def ratio(values: Mapping[str, int]) -> float:
        return sum(values.values()) // len(values) / target

    absent = dict.fromkeys(groups.missing, target)
    replicas = _replicas(current, ratio(values), groups, values, absent, tolerance, ratio)
    return Proposal(replicas, sum(values.values()) // len(values))


def by_value(current: int, target: int, usage: int, ready: int, tolerance: Tolerance) -> Proposal:
    """One value for all Pods. ready: Pods that are."""
    ratio = usage / target
    if current == 0:
        return Proposal(math.ceil(ratio), usage)
    return Proposal(current if tolerance.covers(ratio) else math.ceil(ratio * ready), usage)


def by_share(current: int, target: int, usage: int, tolerance: Tolerance) -> Proposal:
    """One value that the Pods share. current: Pods there are."""
    ratio = usage / (target * current) if current else math.inf
    replicas = current if tolerance.covers(ratio) else math.ceil(usage / target)
    return Proposal(replicas, math.ceil(usage / current) if current else usage)


def count_ready(pods: Collection[Object]) -> int:
    """Raises Unusable where there are no Pods at all."""
    if not pods:
        raise Unusable("no pods returned by selector while calculating replica count")
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
    return sum(conditions.is_true(conditions.of(pod), "Ready") for pod in running)


def requests(pods: Collection[Object], resource: str, container: str = "") -> dict[str, int]:
    """What each Pod asks for. Raises Unusable where one does not say."""
    found: dict[str, int] = {}
    for pod in pods:
        name, spec = meta.name_of(pod), pod["spec"]
        whole = ((spec.get("resources") or {}).get("requests") or {}).get(resource)
        if whole is not None and not container:
            found[name] = quantity.milli(whole)
            continue
        sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
        found[name] = 0
        for part in (*spec["containers"], *sidecars):
            if container not in ("", part["name"]):
                continue
            asked = ((part.get("resources") or {}).get("requests") or {}).get(resource)
            if asked is None:
                raise Unusable(f"missing request for {resource} in container {part['name']} of Pod {name}")
            found[name] += quantity.milli(asked)
    return found


def _usable(
    pods: Collection[Object], samples: Mapping[str, Sample], resource: str, now: datetime
) -> tuple[Groups, dict[str, int]]:
    if not pods:
        raise Unusable("no pods returned by selector while calculating replica count")
    groups = group(pods, samples, resource, now)
    values = {name: sample.value for name, sample in samples.items() if name not in groups.ignored | groups.unready}
    if not values:
        raise Unusable("did not receive metrics for targeted pods (pods might be unready)")
    return groups, values


def _replicas(
    current: int,
    ratio: float,
    groups: Groups,
    values: Mapping[str, int],
    absent: Mapping[str, int],
    tolerance: Tolerance,
    again: object,
) -> int:
    """Who said nothing is taken for what argues against a change; where that turns the direction nothing is done."""
    assert callable(again)
    idle = groups.unready if ratio > 1.0 else set[str]()
    if not idle and not groups.missing:
        return current if tolerance.covers(ratio) else math.ceil(ratio * groups.ready)
    full = dict(values)
    if ratio < 1.0:
        full |= absent
    elif ratio > 1.0:
        full |= dict.fromkeys(groups.missing, 0)
    full |= dict.fromkeys(idle, 0)
    new = again(full)
    if tolerance.covers(new) or (ratio < 1.0 < new) or (new < 1.0 < ratio):
        return current
    replicas = math.ceil(new * len(full))
    turns = (new < 1.0 and replicas > current) or (new > 1.0 and replicas < current)
    return current if turns else replicas
