"""HorizontalPodAutoscalers: defaults, mistakes, and the two versions of one object."""

# ruff: noqa: E501  messages stand in one piece

import json
from typing import Any

import pytest

from apiserver_stub.registry.autoscaling import convert
from apiserver_stub.registry.internal import internal

_TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def _v2(**spec: Any) -> dict[str, Any]:
    body = {"scaleTargetRef": _TARGET, "maxReplicas": 5, **spec}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": body}


def _v1(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    meta = {"name": "h", **({"annotations": annotations} if annotations else {})}
    body = {"scaleTargetRef": _TARGET, "maxReplicas": 5, **spec}
    return {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": body}


def _metric(kind: str, **source: Any) -> dict[str, Any]:
    return {"type": kind, kind[:1].lower() + kind[1:]: source}


def test_defaults(writer: Any) -> None:
    obj = writer.create(_v2())
    assert obj["spec"] == {"scaleTargetRef": _TARGET, "maxReplicas": 5, "minReplicas": 1, "metrics": [_CPU]}
    assert obj["status"] == {"desiredReplicas": 0, "currentMetrics": None}
    assert "generation" not in obj["metadata"]


def test_one_direction_of_a_behavior_completes_both(writer: Any) -> None:
    behavior = writer.create(_v2(behavior={"scaleDown": {"selectPolicy": "Min"}}))["spec"]["behavior"]
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    assert behavior == {
        "scaleDown": {"selectPolicy": "Min", "policies": [percent]},
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, percent],
        },
    }


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"minReplicas": 0, "metrics": [_metric("External", metric={"name": "q"}, target={"type": "Value", "value": "1"})]}, ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"]),
        ({"maxReplicas": -1, "minReplicas": -2}, ["spec.minReplicas: Invalid value: -2: must be greater than or equal to 1", "spec.maxReplicas: Invalid value: -1: must be greater than 0"]),
        ({"scaleTargetRef": {"apiVersion": "v1", "kind": "ReplicationController", "name": "r"}}, []),
        ({"scaleTargetRef": {"apiVersion": "v1", "kind": "Pod", "name": "r"}}, ['spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group']),
        ({"scaleTargetRef": {"apiVersion": "a/b/c", "kind": "x/y", "name": "r"}}, ["spec.scaleTargetRef.kind: Invalid value: \"x/y\": may not contain '/'", 'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c']),
        ({"metrics": [_metric("Resource", name="cpu", target={"type": "Utilization", "averageUtilization": 0, "averageValue": "-1"})]}, ['spec.metrics[0].resource.target.averageValue: Invalid value: "-1": must be positive', "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0", "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"]),
        ({"metrics": [_metric("ContainerResource", name="disk", container="A", target={"type": "Nope", "averageValue": "1"})]}, [
            'spec.metrics[0].containerResource.name: Invalid value: "disk": must be a standard resource for containers',
            "spec.metrics[0].containerResource.container: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'spec.metrics[0].containerResource.target.type: Invalid value: "Nope": must be either Utilization, Value, or AverageValue',
        ]),
        ({"metrics": [{**_CPU, "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}}]}, ["spec.metrics[0].pods: Forbidden: must populate the given metric source only"]),
        ({"metrics": [_metric("Object", describedObject={"kind": "Service", "name": "s"}, metric={"name": "m"}, target={"type": "Value"})]}, ["spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue"]),
        ({"metrics": [_metric("External", metric={"name": "m"}, target={"type": "Value", "value": "1", "averageValue": "1"})]}, ["spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"]),
        ({"behavior": {"scaleUp": {"stabilizationWindowSeconds": -1, "tolerance": "-0.1", "policies": [{"type": "X", "value": 1, "periodSeconds": 0}]}}}, [
            "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero",
            'spec.behavior.scaleUp.policies[0].type: Unsupported value: "X": supported values: "Percent", "Pods"',
            "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 0: must be greater than zero",
            'spec.behavior.scaleUp.tolerance: Invalid value: "-0.1": must be greater than or equal to 0',
        ]),
    ],
)  # fmt: skip
def test_mistakes(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_v2(**spec))[1] == errors


def test_what_was_wrong_before_may_stay(writer: Any) -> None:
    old = writer.create(_v2()) | {"spec": _v2(minReplicas=0, metrics=[_CPU])["spec"]}
    old["metadata"]["resourceVersion"] = "1"
    old["spec"]["scaleTargetRef"] = {"apiVersion": "v1", "kind": "X", "name": "x"}
    assert writer.update(old, {"spec": {"maxReplicas": 7}})[1] == [
        "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"
    ]


def test_status(writer: Any) -> None:
    old = writer.create(_v2())
    assert writer.update_status(old, {"status": {"desiredReplicas": -1}})[1] == [
        "status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0"
    ]


def test_v1_is_judged_as_v2(writer: Any) -> None:
    assert writer.create(_v1())["spec"]["targetCPUUtilizationPercentage"] == 80
    assert writer.try_create(_v1(targetCPUUtilizationPercentage=0))[1] == [
        "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"
    ]


_SELECTOR = {"matchLabels": {"a": "b"}}
_METRICS = [
    _metric("Object", describedObject={"kind": "Service", "name": "s"}, target={"type": "Value", "value": "2"}, metric={"name": "r"}),
    _metric("Object", describedObject={"kind": "Service", "name": "s"}, target={"type": "AverageValue", "averageValue": "2"}, metric={"name": "r", "selector": _SELECTOR}),
    _metric("Pods", metric={"name": "m"}, target={"type": "AverageValue", "averageValue": "1k"}),
    _metric("External", metric={"name": "q", "selector": _SELECTOR}, target={"type": "AverageValue", "averageValue": "30"}),
    _metric("ContainerResource", name="cpu", target={"type": "Utilization", "averageUtilization": 60}, container="c"),
    _metric("Resource", name="cpu", target={"type": "AverageValue", "averageValue": "1"}),
]  # fmt: skip


@pytest.mark.parametrize("metrics", [[_CPU], _METRICS, [_CPU, *_METRICS]])
def test_v2_survives_a_journey_through_v1(writer: Any, metrics: list[Any]) -> None:
    made = writer.create(_v2(metrics=metrics, behavior={"scaleUp": {"tolerance": "0.5"}}))
    made["status"] = {
        "currentReplicas": 2,
        "desiredReplicas": 3,
        "currentMetrics": [_metric("Resource", name="cpu", current={"averageUtilization": 3, "averageValue": "7m"})],
        "conditions": [{"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    }
    shown = convert.from_stored(made)
    back = convert.to_stored(json.loads(json.dumps(shown)))
    assert {name: back[name] for name in ("metadata", "status")} == {
        name: made[name] for name in ("metadata", "status")
    }
    cpu_first = sorted(metrics, key=lambda metric: metric is not _CPU)
    assert back["spec"] == made["spec"] | {"metrics": cpu_first}


def test_annotations_of_v1(writer: Any) -> None:
    made = writer.create(_v2(metrics=[_METRICS[0], _METRICS[5]], behavior={"scaleDown": {}}))
    shown = convert.from_stored(made)["metadata"]["annotations"]
    assert shown["autoscaling.alpha.kubernetes.io/metrics"] == (
        '[{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"r","targetValue":"2"}},'
        '{"type":"Resource","resource":{"name":"cpu","targetAverageValue":"1"}}]'
    )
    assert shown["autoscaling.alpha.kubernetes.io/behavior"].startswith(
        '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}'
    )


@pytest.mark.parametrize("text", ["", "null", "nonsense", "{}", "[1]", '[{"type":3}]', '[{"type":"Pods","pods":[]}]', '[{"type":"Object","object":{"target":1}}]'])  # fmt: skip
def test_annotations_that_hold_something_else_are_dropped(writer: Any, text: str) -> None:
    names = [
        f"autoscaling.alpha.kubernetes.io/{name}" for name in ("metrics", "current-metrics", "conditions", "behavior")
    ]
    obj = writer.create(_v1({**dict.fromkeys(names, text), "kept": "x"}, targetCPUUtilizationPercentage=5))
    assert obj["metadata"]["annotations"] == {"kept": "x"}
    assert obj["spec"]["targetCPUUtilizationPercentage"] == 5


def test_neither_version_shows_the_others_annotations_to_tables(writer: Any) -> None:
    obj = writer.create(
        _v1(
            {
                "autoscaling.alpha.kubernetes.io/metrics": '[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":5}}]'
            }
        )
    )
    assert list(obj["metadata"]["annotations"]) == ["autoscaling.alpha.kubernetes.io/metrics"]
    inside = internal(obj)
    assert "annotations" not in inside["metadata"]
    assert inside["spec"]["metrics"][0]["resource"]["name"] == "memory"
