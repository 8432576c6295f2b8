"""Deployments, ReplicaSets and the other kinds with a Pod template."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

_TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "img:1"}]}}


def _workload(kind: str, **spec: Any) -> dict[str, Any]:
    version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
    body = {"selector": {"matchLabels": {"a": "b"}}, "template": _TEMPLATE, **spec}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "w"}, "spec": body}


def _job(**spec: Any) -> dict[str, Any]:
    template = {"spec": {**_TEMPLATE["spec"], "restartPolicy": "Never"}}  # type: ignore[dict-item]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template, **spec}}


def _cron_job(**spec: Any) -> dict[str, Any]:
    body = {"schedule": "@daily", "jobTemplate": {"spec": _job()["spec"]}, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": body}


def test_deployment_defaults(writer: Any) -> None:
    obj = writer.create(_workload("Deployment"))
    spec = dict(obj["spec"])
    template = spec.pop("template")
    assert spec == {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert template["spec"]["schedulerName"] == "default-scheduler"
    assert "enableServiceLinks" not in template["spec"]
    assert (obj["status"], obj["metadata"]["generation"]) == ({}, 1)


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"selector": None}, ["spec.selector: Required value", "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"]),
        ({"selector": {}}, ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
        ({"selector": {"matchLabels": {"x": "y"}}}, ["spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"]),
        ({"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}}, []),
        ({"replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"strategy": {"type": "Never"}}, ['spec.strategy.type: Unsupported value: "Never": supported values: "Recreate", "RollingUpdate"']),
        ({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}, ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}}, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']),
        ({"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
        ({"minReadySeconds": 600}, ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"]),
    ],
)  # fmt: skip
def test_deployment_errors(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_workload("Deployment", **spec))[1] == errors


def test_errors_of_the_template_have_its_path(writer: Any) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}], "restartPolicy": "Never"}}
    assert writer.try_create(_workload("Deployment", template=template))[1] == [
        "spec.template.spec.containers[0].image: Required value",
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]


def test_generation_counts_changes_of_the_spec(writer: Any) -> None:
    old = writer.create(_workload("Deployment"))
    assert writer.update(old, {"metadata": {"labels": {"x": "y"}}})[0]["metadata"]["generation"] == 1
    assert writer.update(old, {"spec": {"replicas": 2}})[0]["metadata"]["generation"] == 2
    assert writer.update(old, {"metadata": {"annotations": {"x": "y"}}})[0]["metadata"]["generation"] == 2
    assert writer.update(old, {"status": {"replicas": 7}})[0]["status"] == {}


def test_status_update_of_a_deployment(writer: Any) -> None:
    old = writer.create(_workload("Deployment"))
    change = {
        "metadata": {"annotations": {"revision": "1"}, "labels": {"x": "y"}},
        "spec": {"replicas": 9},
        "status": {"replicas": 1, "readyReplicas": 2},
    }
    obj, errors = writer.update_status(old, change)
    assert obj["spec"]["replicas"] == 1
    assert obj["metadata"]["annotations"] == {"revision": "1"}
    assert "labels" not in obj["metadata"]
    assert obj["metadata"]["generation"] == 1
    assert errors == ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet"])
def test_selectors_are_immutable(writer: Any, kind: str) -> None:
    old = writer.create(_workload(kind))
    change = {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}
    _, errors = writer.update(old, {"spec": change})
    assert errors == ['spec.selector: Invalid value: {"matchLabels":{"a":"b","x":"y"}}: field is immutable']


def test_replica_set_counts(writer: Any) -> None:
    old = writer.create(_workload("ReplicaSet"))
    assert old["status"] == {"replicas": 0}
    _, errors = writer.update_status(old, {"status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 2}})
    assert errors == [
        "status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas",
    ]


def test_replication_controller_takes_its_selector_from_the_template(writer: Any) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "r"},
        "spec": {"template": _TEMPLATE},
    }
    obj = writer.create(body)
    assert obj["spec"]["selector"] == obj["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("mounted", "errors"),
    [("d", []), ("other", ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "other"'])],
)
def test_containers_of_a_stateful_set_mount_its_claims(writer: Any, mounted: str, errors: list[str]) -> None:
    claims = [{"metadata": {"name": "d"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]
    container = {"name": "c", "image": "img:1", "volumeMounts": [{"name": mounted, "mountPath": "/d"}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    assert writer.try_create(_workload("StatefulSet", volumeClaimTemplates=claims, template=template))[1] == errors


def test_stateful_set(writer: Any) -> None:
    claims = [{"metadata": {"name": "d"}, "spec": {"resources": {"requests": {"storage": "1024Mi"}}}}]
    old = writer.create(_workload("StatefulSet", volumeClaimTemplates=claims))
    assert old["spec"]["serviceName"] == ""
    assert old["spec"]["volumeClaimTemplates"][0] == {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "metadata": {"name": "d"},
        "spec": {"resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"},
        "status": {"phase": "Pending"},
    }
    assert writer.update(old, {"spec": {"replicas": 3}})[1] == []
    _, errors = writer.update(old, {"spec": {"serviceName": "x"}})
    assert len(errors) == 1 and errors[0].startswith("spec: Forbidden: updates to statefulset spec")


def test_daemon_set_counts_its_templates(writer: Any) -> None:
    name = "deprecated.daemonset.template.generation"
    old = writer.create(_workload("DaemonSet"))
    assert old["metadata"]["annotations"][name] == "1"
    assert writer.update(old, {"spec": {"minReadySeconds": 1}})[0]["metadata"]["annotations"][name] == "1"
    change = {"spec": {"template": {"metadata": {"labels": {"n": "1"}}}}}
    assert writer.update(old, change)[0]["metadata"]["annotations"][name] == "2"


def test_job_gets_a_selector_of_its_own(writer: Any) -> None:
    obj = writer.create(_job())
    uid = obj["metadata"]["uid"]
    assert obj["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert obj["spec"]["template"]["metadata"]["labels"]["job-name"] == "j"
    assert obj["metadata"]["labels"] == obj["spec"]["template"]["metadata"]["labels"]
    assert (obj["spec"]["completions"], obj["spec"]["parallelism"], obj["spec"]["backoffLimit"]) == (1, 1, 6)
    _, errors = writer.update(obj, {"spec": {"completions": 5}})
    assert errors == ["spec.completions: Invalid value: 5: field is immutable"]
    assert writer.update(obj, {"spec": {"parallelism": 5}})[1] == []


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"completionMode": "Indexed", "completions": None, "parallelism": 2}, ["spec.completions: Required value: when completion mode is Indexed"]),
        ({"backoffLimitPerIndex": 1}, ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
        (
            {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [0]}}]}},
            ["spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"],
        ),
    ],
)  # fmt: skip
def test_job_errors(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_job(**spec))[1] == errors


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("*/5 * * * *", None),
        ("0 12 1-15/2 jan,mar mon-fri", None),
        ("@every 1h30m", None),
        ("@weekly", None),
        ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
        ("TZ=UTC * * * * *", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
    ],
)
def test_schedules(writer: Any, schedule: str, fault: str | None) -> None:
    expected = [] if fault is None else [f'spec.schedule: Invalid value: "{schedule}": {fault}']
    assert writer.try_create(_cron_job(schedule=schedule))[1] == expected


def test_cron_job_defaults_and_time_zone(writer: Any) -> None:
    spec = writer.create(_cron_job(timeZone="Europe/Berlin"))["spec"]
    assert (spec["concurrencyPolicy"], spec["suspend"], spec["successfulJobsHistoryLimit"]) == ("Allow", False, 3)
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert writer.try_create(_cron_job(timeZone="Mars/Base"))[1] == [
        'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'
    ]


def test_warnings_of_a_template(writer: Any) -> None:
    container = {"name": "c", "image": "i:1", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    assert writer.warnings(_workload("Deployment", template=template)) == [
        'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'
    ]
