"""The autoscaler's reconcile: what it reads, scales and says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from operators._kube import meta
from operators._kube.errors import ApiError
from operators.horizontalpodautoscaler import operator, sources
from tests.fakes.kube import FakeKube

Obj = dict[str, Any]
KEY = meta.Key("ns", "web")
HPAS = ("autoscaling/v2", "horizontalpodautoscalers")
SCALE = "/apis/apps/v1/namespaces/ns/deployments/web/scale"
METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods"


class Cluster(FakeKube):
    """`answers`: bodies by path; whatever else is asked for is not there."""

    def __init__(self) -> None:
        super().__init__("horizontalpodautoscaler")
        self.answers: dict[str, Obj] = {
            "/apis/apps/v1": {"resources": [{"name": "deployments", "kind": "Deployment"}]},
            SCALE: {"metadata": {"name": "web"}, "spec": {"replicas": 2}, "status": {"replicas": 2, "selector": "a=b"}},
        }

    async def request(self, method: str, path: str, **more: Any) -> Obj:
        if method == "PUT" and path == SCALE:
            self.answers[SCALE] = more["body"]
        if path in self.answers:
            return self.answers[path]
        if path.startswith("/api/v1/namespaces/ns/pods") or method == "PATCH":
            return await super().request(method, path, **more)
        raise ApiError(404, "NotFound", "the server could not find the requested resource")


@pytest.fixture
async def kube() -> Cluster:
    found = Cluster()
    await operator.start(found)
    for name in ("a", "b"):
        container = {"name": "c", "resources": {"requests": {"cpu": "100m"}}}
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z"}
        status = {"phase": "Running", "startTime": "2025-01-01T00:00:00Z", "conditions": [ready]}
        spec = {"containers": [container], "nodeName": "n1"}
        found.add("v1", "pods", {"metadata": {"name": name, "namespace": "ns"}, "spec": spec, "status": status})
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    aim = {"type": "Utilization", "averageUtilization": 50}
    spec = {
        "scaleTargetRef": target,
        "minReplicas": 1,
        "maxReplicas": 10,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": aim}}],
    }
    found.add(*HPAS, {"metadata": {"name": "web", "namespace": "ns"}, "spec": spec})
    return found


def use(kube: Cluster, **cpu: str) -> None:
    items = [
        {
            "metadata": {"name": name, "namespace": "ns"},
            "timestamp": "2026-01-01T00:00:00Z",
            "window": "15s",
            "containers": [{"name": "c", "usage": {"cpu": amount}}],
        }
        for name, amount in cpu.items()
    ]
    kube.answers[METRICS] = {"items": items}


def conditions(kube: Cluster) -> dict[str, tuple[str, str, str]]:
    found = kube.one(*HPAS, KEY)["status"]["conditions"]
    return {entry["type"]: (entry["status"], entry["reason"], entry["message"]) for entry in found}


async def once(kube: Cluster) -> None:
    assert (await operator.reconcile(KEY, kube, kube.now)).requeue_after == 15


async def test_it_scales_up_and_says_so(kube: Cluster) -> None:
    use(kube, a="100m", b="100m")
    await once(kube)
    assert kube.answers[SCALE]["spec"]["replicas"] == 4
    reason = "cpu resource utilization (percentage of request) above target"
    assert kube.events == [("Normal", "SuccessfulRescale", f"New size: 4; reason: {reason}")]
    status = kube.one(*HPAS, KEY)["status"]
    assert (status["currentReplicas"], status["desiredReplicas"]) == (2, 4)
    current = {"averageUtilization": 100, "averageValue": "100m"}
    assert status["currentMetrics"] == [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
    assert status["lastScaleTime"] == "2026-01-01T00:00:00Z"
    found = conditions(kube)
    assert found["AbleToScale"] == (
        "True",
        "SucceededRescale",
        "the HPA controller was able to update the target scale to 4",
    )
    assert found["ScalingActive"][:2] == ("True", "ValidMetricFound")
    assert found["ScalingLimited"][:2] == ("False", "DesiredWithinRange")


async def test_a_settled_one_writes_nothing(kube: Cluster) -> None:
    use(kube, a="50m", b="50m")
    await once(kube)
    kube.forget()
    await once(kube)
    assert (kube.writes, kube.events) == ([], [])


async def test_it_scales_down_once_the_window_is_over(kube: Cluster) -> None:
    use(kube, a="10m", b="10m")
    await once(kube)
    assert kube.answers[SCALE]["spec"]["replicas"] == 2
    assert conditions(kube)["AbleToScale"][1] == "ScaleDownStabilized"
    kube.tick(301)
    await once(kube)
    assert kube.answers[SCALE]["spec"]["replicas"] == 1
    assert kube.events[-1] == ("Normal", "SuccessfulRescale", "New size: 1; reason: All metrics below target")


async def test_without_metrics(kube: Cluster) -> None:
    kube.answers[METRICS] = {"items": []}
    await once(kube)
    why = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: "
        "no metrics returned from resource metrics API"
    )
    assert conditions(kube)["ScalingActive"] == (
        "False",
        "FailedGetResourceMetric",
        f"the HPA was unable to compute the replica count: {why}",
    )
    first = f"first error is: failed to get cpu resource metric value: {why}"
    assert kube.events == [
        ("Warning", "FailedGetResourceMetric", why),
        ("Warning", "FailedComputeMetricsReplicas", f"invalid metrics (1 invalid out of 1), {first}"),
    ]


@pytest.mark.parametrize(
    ("replicas", "expected", "reason"),
    [
        (12, 10, "Current number of replicas above Spec.MaxReplicas"),
        (1, 3, "Current number of replicas below Spec.MinReplicas"),
    ],
)
async def test_bounds_come_before_metrics(kube: Cluster, replicas: int, expected: int, reason: str) -> None:
    kube.edit(*HPAS, KEY, {"spec": {"minReplicas": 3}})
    kube.answers[SCALE]["spec"]["replicas"] = replicas
    await once(kube)
    assert kube.answers[SCALE]["spec"]["replicas"] == expected
    assert kube.events == [("Normal", "SuccessfulRescale", f"New size: {expected}; reason: {reason}")]


async def test_nothing_is_scaled_from_zero(kube: Cluster) -> None:
    kube.answers[SCALE]["spec"]["replicas"] = 0
    await once(kube)
    assert conditions(kube)["ScalingActive"][1] == "ScalingDisabled"
    assert kube.answers[SCALE]["spec"]["replicas"] == 0


async def test_a_target_that_is_not_there(kube: Cluster) -> None:
    del kube.answers[SCALE]
    await once(kube)
    found = conditions(kube)["AbleToScale"]
    assert found[:2] == ("False", "FailedGetScale")
    assert found[2].startswith("the HPA controller was unable to get the target's current scale: the server could not")
    assert kube.events[0][:2] == ("Warning", "FailedGetScale")


async def test_two_of_one_target(kube: Cluster) -> None:
    use(kube, a="100m", b="100m")
    spec = kube.one(*HPAS, KEY)["spec"]
    kube.add(*HPAS, {"metadata": {"name": "other", "namespace": "ns"}, "spec": {**spec, "maxReplicas": 2}})
    await operator.reconcile(meta.Key("ns", "other"), kube, kube.now)
    await once(kube)
    found = conditions(kube)["ScalingActive"]
    assert found[:2] == ("False", "AmbiguousSelector")
    assert found[2] == "pods by selector a=b are controlled by multiple HPAs: [{other ns} {web ns}]"


@pytest.mark.parametrize(
    ("metric", "reason", "words"),
    [
        (
            {
                "type": "Pods",
                "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}},
            },
            "FailedGetPodsMetric",
            "unable to get metric m: unable to fetch metrics from custom metrics API: "
            "no custom metrics API (custom.metrics.k8s.io) registered",
        ),
        (
            {"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}}},
            "FailedGetExternalMetric",
            "unable to get external metric ns/q/nil: unable to fetch metrics from external metrics API: ",
        ),
    ],
)
async def test_apis_that_are_not_served(kube: Cluster, metric: Obj, reason: str, words: str) -> None:
    kube.edit(*HPAS, KEY, {"spec": {"metrics": [metric]}})
    await once(kube)
    found = conditions(kube)["ScalingActive"]
    assert found[1] == reason
    assert words in found[2]


async def test_external_metrics(kube: Cluster) -> None:
    target = {"type": "AverageValue", "averageValue": "10"}
    external = {"metric": {"name": "q", "selector": {"matchLabels": {"x": "y"}}}, "target": target}
    kube.edit(*HPAS, KEY, {"spec": {"metrics": [{"type": "External", "external": external}]}})
    kube.answers["/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/q"] = {
        "items": [{"value": "20"}, {"value": "20"}]
    }
    await once(kube)
    assert kube.answers[SCALE]["spec"]["replicas"] == 4
    selector = "&LabelSelector{MatchLabels:map[string]string{x: y,},MatchExpressions:[]LabelSelectorRequirement{},}"
    assert kube.events[0][2] == f"New size: 4; reason: external metric q({selector}) above target"


async def test_what_kubelets_say_is_used_where_no_metrics_api_is(
    kube: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock[0])
    path = "/api/v1/nodes/n1/proxy/stats/summary"

    def read(at: str, used: int) -> None:
        names = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in kube.all("v1", "pods")}
        containers = [
            {"name": "c", "cpu": {"time": at, "usageCoreNanoSeconds": used}, "memory": {"workingSetBytes": 1 << 20}}
        ]
        kube.answers[path] = {
            "pods": [{"podRef": {"name": name, "uid": uid}, "containers": containers} for name, uid in names.items()]
        }

    read("2026-01-01T00:00:00Z", 0)
    await once(kube)
    assert conditions(kube)["ScalingActive"][1] == "FailedGetResourceMetric", "one reading is no rate"
    clock[0] += 15
    read("2026-01-01T00:00:10Z", 1_000_000_000)
    await once(kube)
    assert kube.answers[SCALE]["spec"]["replicas"] == 4, "a tenth of a core is all that is asked for"


def test_a_container_that_started_again_has_no_rate_yet() -> None:
    at = meta.parse_time("2026-01-01T00:00:00Z")
    later = meta.parse_time("2026-01-01T00:00:10Z")
    assert sources.rate(sources.Count(9, 0, at), sources.Count(1, 0, later)) is None
    assert sources.rate(None, sources.Count(1, 0, later)) is None
