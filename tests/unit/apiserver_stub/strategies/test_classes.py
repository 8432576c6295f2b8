"""PriorityClass, RuntimeClass, PodDisruptionBudget, ControllerRevision, PodTemplate, LimitRange, ResourceQuota."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

Object = dict[str, Any]
_SYSTEM = (
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
)


def _obj(api_version: str, kind: str, name: str = "x", **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def _priority(name: str = "x", **fields: Any) -> Object:
    return _obj("scheduling.k8s.io/v1", "PriorityClass", name, **fields)


def _runtime(**fields: Any) -> Object:
    return _obj("node.k8s.io/v1", "RuntimeClass", **{"handler": "runc", **fields})


def _budget(**spec: Any) -> Object:
    return _obj("policy/v1", "PodDisruptionBudget", spec=spec)


def _limits(*limits: Object) -> Object:
    return _obj("v1", "LimitRange", spec={"limits": list(limits)})


def _quota(**spec: Any) -> Object:
    return _obj("v1", "ResourceQuota", spec=spec)


def _rule(scope: str, operator: str, *values: str) -> Object:
    return {"matchExpressions": [{"scopeName": scope, "operator": operator, "values": list(values)}]}


_RULES = "spec.scopeSelector.matchExpressions"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_priority(value=1_000_000_000), []),
        (_priority(value=1_000_000_001), ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
        (_priority("system-x", value=1), [f"{_SYSTEM}system-x is not a known system priority class"]),
        (_priority("system-node-critical", value=1), [f"{_SYSTEM}value of system-node-critical PriorityClass must be 2000001000"]),
        (_priority("system-node-critical", value=2000001000, globalDefault=True), [f"{_SYSTEM}globalDefault of system-node-critical PriorityClass must be false"]),
        (_priority(value=1, preemptionPolicy="Maybe"), ['preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"']),
        (_runtime(), []),
        (_runtime(handler=""), ["handler: Required value"]),
        (_runtime(overhead={"podFixed": {"cpu": "-1"}}), ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
        (_runtime(scheduling={"tolerations": [{"key": "a", "operator": "Exists"}] * 2}), ['scheduling.tolerations[1]: Duplicate value: {"key":"a","operator":"Exists"}']),
        (_budget(minAvailable="10%"), []),
        (_budget(minAvailable="x"), ["spec.minAvailable: Invalid value: \"x\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]),
        (_budget(maxUnavailable="101%"), ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
        (_budget(minAvailable=1, maxUnavailable=1), ['spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set']),
        (_obj("apps/v1", "ControllerRevision", revision=-1), ["revision: Invalid value: -1: must be greater than or equal to 0", "data: Required value: data is mandatory"]),
        (_obj("v1", "PodTemplate", template={"spec": {}}), ["template.spec.containers: Required value"]),
        (_limits({"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}}), ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1', 'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1', 'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1']),
        (_limits({"type": "PersistentVolumeClaim"}), ["spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"]),
        (_limits({"type": "Pod", "max": {"cpu": "4"}, "min": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}}), ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000']),
        (_limits({"type": "Pod", "maxLimitRequestRatio": {"cpu": "500m"}}), ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1']),
        (_limits({"type": "Container", "default": {"x.io/gpu": "2"}, "defaultRequest": {"x.io/gpu": "1"}}), ['spec.limits[0].defaultRequest[x.io/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in x.io/gpu']),
        (_quota(hard={"count/widgets.x.io": "1", "requests.nvidia.com/gpu": "1", "gold.storageclass.storage.k8s.io/requests.storage": "1Gi"}), []),
        (_quota(hard={"pods": "500m"}), ['spec.hard[pods]: Invalid value: "500m": must be an integer']),
        (_quota(hard={"storage": "1"}), ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota']),
        (_quota(hard={"pods": "1"}, scopes=["BestEffort", "NotBestEffort"]), ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']),
        (_quota(hard={"pods": "1"}, scopeSelector=_rule("PriorityClass", "In", "high")), []),
        (_quota(hard={"pods": "1"}, scopeSelector=_rule("PriorityClass", "In")), [f"{_RULES}.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"]),
        (_quota(hard={"pods": "1"}, scopeSelector=_rule("PriorityClass", "Is")), [f'{_RULES}.operator: Invalid value: "Is": not a valid selector operator']),
        (_quota(hard={"secrets": "1"}, scopes=["PriorityClass"]), ['spec.scopes: Invalid value: ["PriorityClass"]: unsupported scope applied to resource']),
    ],
)  # fmt: skip
def test_mistakes(writer: Any, body: Object, errors: list[str]) -> None:
    assert writer.try_create(body)[1] == errors


@pytest.mark.parametrize(
    ("old", "change", "errors"),
    [
        (_priority(value=1), {"value": 2}, ["value: Forbidden: may not be changed in an update."]),
        (_priority(value=1), {"description": "d"}, []),
        (_priority(value=1), {"preemptionPolicy": "Never"}, ['preemptionPolicy: Invalid value: "Never": field is immutable']),
        (_runtime(), {"handler": "kata"}, ['handler: Invalid value: "kata": field is immutable']),
        (_budget(minAvailable=1), {"spec": {"minAvailable": 2}}, []),
        (_obj("apps/v1", "ControllerRevision", revision=1, data={"a": 1}), {"data": {"a": 2}}, ['data: Invalid value: {"a":2}: field is immutable']),
        (_quota(hard={"pods": "1"}, scopes=["BestEffort"]), {"spec": {"scopes": ["NotBestEffort"]}}, ['spec.scopes: Invalid value: ["NotBestEffort"]: field is immutable']),
    ],
)  # fmt: skip
def test_changes(writer: Any, old: Object, change: Object, errors: list[str]) -> None:
    assert writer.update(writer.create(old), change)[1] == errors


def test_defaults(writer: Any) -> None:
    assert writer.create(_priority())["value"] == 0
    limit = {"type": "Container", "max": {"cpu": "2", "memory": "1Gi"}, "min": {"cpu": "1", "ephemeral-storage": "1Mi"}}
    made = writer.create(_limits(limit, {"type": "Pod", "max": {"cpu": "2"}}))["spec"]["limits"]
    assert made[0]["default"] == {"cpu": "2", "memory": "1Gi"}
    assert made[0]["defaultRequest"] == {"cpu": "2", "memory": "1Gi", "ephemeral-storage": "1Mi"}
    assert made[1] == {"type": "Pod", "max": {"cpu": "2"}}


def test_counts_of_a_status(writer: Any) -> None:
    budget = writer.create(_budget(minAvailable=1))
    condition = {
        "type": "DisruptionAllowed",
        "status": "Perhaps",
        "reason": "",
        "lastTransitionTime": None,
        "message": "",
    }
    _, errors = writer.update_status(budget, {"status": {"currentHealthy": -1, "conditions": [condition]}})
    assert errors == [
        'status.conditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"',
        "status.conditions[0].lastTransitionTime: Required value: must be set",
        "status.conditions[0].reason: Required value: must be set",
        "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0",
    ]


@pytest.mark.parametrize(
    ("pod", "error"),
    [
        ({"overhead": {"cpu": "1"}}, "Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
        ({"nodeSelector": {"rt": "y"}}, "runtimeClass.scheduling.nodeSelector[rt] = x; pod.spec.nodeSelector[rt] = y"),
        ({}, ""),
        ({"overhead": {"cpu": "0.1"}}, ""),
    ],
)
def test_pods_of_a_runtime_class(writer: Any, pod: Object, error: str) -> None:
    from apiserver_stub.meta import status

    made = writer.create(_runtime(overhead={"podFixed": {"cpu": "100m"}}, scheduling={"nodeSelector": {"rt": "x"}}))
    writer.view.put("node.k8s.io", "runtimeclasses", made)
    spec = {"containers": [{"name": "c", "image": "i"}], "runtimeClassName": "x", **pod}
    body = _obj("v1", "Pod", spec=spec)
    if error:
        with pytest.raises(status.StatusError) as refused:
            writer.create(body)
        assert error in refused.value.message
    else:
        obj = writer.create(body)
        assert (obj["spec"]["overhead"], obj["spec"]["nodeSelector"]) == ({"cpu": "100m"}, {"rt": "x"})
