"""What operators count about themselves, and how Prometheus reads it."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

# Seconds; a reconcile takes milliseconds, and one that waits for a machine takes seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Histogram:
    """Counts of durations in seconds; costs a list and no lock."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect.bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> Iterator[tuple[str, float]]:
        """Cumulated, as Prometheus wants them: ("0.001", 3) … ("+Inf", 9)."""
        count = 0
        for bound, here in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            count += here
            yield bound, count


class Queued(Protocol):
    """What a queue counts."""

    adds: int
    retries: int
    errors: int
    seconds: Histogram

    @property
    def depth(self) -> int: ...


class Counted(Protocol):
    """What one operator counts."""

    restarts: int

    @property
    def is_synced(self) -> bool: ...

    def queues(self) -> Mapping[str, Queued]:
        """By reconciled resource."""


class Collector:
    """Reads the operators' counters when Prometheus asks; nothing is kept twice."""

    def __init__(self, operators: Mapping[str, Counted], lag: Histogram) -> None:
        self._operators = operators
        self._lag = lag

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        labels = ["name", "resource"]
        depth = GaugeMetricFamily("workqueue_depth", "Keys that wait to be reconciled.", labels=labels)
        adds = CounterMetricFamily("workqueue_adds", "Keys added to the queue.", labels=labels)
        retries = CounterMetricFamily("workqueue_retries", "Keys retried after a failure.", labels=labels)
        errors = CounterMetricFamily("reconcile_errors", "Reconciles that failed.", labels=labels)
        seconds = HistogramMetricFamily("reconcile_duration_seconds", "Time one reconcile took.", labels=labels)
        for name, operator in self._operators.items():
            for resource, queue in operator.queues().items():
                values = [name, resource]
                depth.add_metric(values, queue.depth)
                adds.add_metric(values, queue.adds)
                retries.add_metric(values, queue.retries)
                errors.add_metric(values, queue.errors)
                seconds.add_metric(values, list(queue.seconds.buckets()), queue.seconds.total)
        yield from (depth, adds, retries, errors, seconds)
        yield from self._about_operators()

    def _about_operators(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        synced = GaugeMetricFamily("operator_synced", "1 when all watched kinds have been listed.", labels=["name"])
        restarts = CounterMetricFamily("operator_restarts", "Times an operator was restarted.", labels=["name"])
        for name, operator in self._operators.items():
            synced.add_metric([name], float(operator.is_synced))
            restarts.add_metric([name], operator.restarts)
        lag = HistogramMetricFamily("event_loop_lag_seconds", "How late the event loop woke up.")
        lag.add_metric([], list(self._lag.buckets()), self._lag.total)
        yield from (synced, restarts, lag)


def render(collector: Collector) -> bytes:
    """The Prometheus text format, process metrics included."""
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    return generate_latest(registry)
