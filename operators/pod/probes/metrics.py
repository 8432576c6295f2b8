"""What Prometheus reads of the probes: kubelet's /metrics/probes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from operators.pod.probes.counts import RESULTS

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from operators.pod.probes.prober import Prober


def render(prober: Prober) -> bytes:
    """The Prometheus text format."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collector(prober))
    return generate_latest(registry)


class _Collector:
    def __init__(self, prober: Prober) -> None:
        self._prober = prober

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        where = ["probe_type", "container", "pod", "namespace"]
        total = CounterMetricFamily(
            "prober_probe",
            "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
            labels=["probe_type", "result", "container", "pod", "namespace", "pod_uid"],
        )
        seconds = HistogramMetricFamily(
            "prober_probe_duration_seconds", "[ALPHA] Duration in seconds for a probe response.", labels=where
        )
        for counts in list(self._prober.counts.values()):
            kind = counts.kind.capitalize()
            for result, count in zip(RESULTS, counts.results, strict=True):
                if count:
                    total.add_metric([kind, result, counts.container, counts.pod, counts.namespace, counts.uid], count)
            if any(counts.times):
                labels = [kind, counts.container, counts.pod, counts.namespace]
                seconds.add_metric(labels, counts.buckets(), counts.seconds)
        yield from (total, seconds)
