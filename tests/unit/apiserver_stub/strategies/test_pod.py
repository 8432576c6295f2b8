"""Pods: defaults, validation, what an update may change, deletion."""

# ruff: noqa: E501  messages stand in one piece

from types import SimpleNamespace
from typing import Any

import pytest

from apiserver_stub.meta.status import StatusError
from apiserver_stub.registry.podspec import images, qos


def _pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "img:1", **(container or {})}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": containers, **spec},
    }


def _container_errors(writer: Any, container: dict[str, Any], **spec: Any) -> list[str]:
    _, errors = writer.try_create(_pod(container, **spec))
    return [error.removeprefix("spec.containers[0].") for error in errors]


def test_defaults(writer: Any) -> None:
    pod = writer.create(_pod())
    spec = pod["spec"]
    assert spec["containers"] == [
        {
            "name": "c",
            "image": "img:1",
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }
    ]
    assert spec["restartPolicy"] == "Always" and spec["terminationGracePeriodSeconds"] == 30
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert [toleration["tolerationSeconds"] for toleration in spec["tolerations"]] == [300, 300]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert pod["metadata"]["generation"] == 1


def test_status_of_a_new_pod_is_not_the_clients(writer: Any) -> None:
    assert writer.create({**_pod(), "status": {"phase": "Running"}})["status"]["phase"] == "Pending"


@pytest.mark.parametrize(
    ("container", "filled"),
    [
        ({"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "protocol": "TCP"}]}),
        (
            {"livenessProbe": {"httpGet": {"port": 80}}},
            {
                "livenessProbe": {
                    "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                }
            },
        ),
        (
            {"resources": {"limits": {"cpu": "0.5"}, "requests": {"memory": "1024Mi"}}},
            {"resources": {"limits": {"cpu": "500m"}, "requests": {"memory": "1Gi", "cpu": "500m"}}},
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v1"}}}]},
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]},
            {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}]},
        ),
    ],
)
def test_container_defaults(writer: Any, container: dict[str, Any], filled: dict[str, Any]) -> None:
    found = writer.create(_pod(container))["spec"]["containers"][0]
    assert {name: found[name] for name in filled} == filled


@pytest.mark.parametrize(
    ("volume", "filled"),
    [
        ({}, {"emptyDir": {}}),
        ({"configMap": {"name": "c"}}, {"configMap": {"name": "c", "defaultMode": 420}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        ({"hostPath": {"path": "/x"}}, {"hostPath": {"path": "/x", "type": ""}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                    "defaultMode": 420,
                }
            },
        ),
    ],
)
def test_volume_defaults(writer: Any, volume: dict[str, Any], filled: dict[str, Any]) -> None:
    found = writer.create(_pod(volumes=[{"name": "v", **volume}]))["spec"]["volumes"][0]
    assert found == {"name": "v", **filled}


def test_host_network_copies_ports(writer: Any) -> None:
    pod = writer.create(_pod({"ports": [{"containerPort": 80}]}, hostNetwork=True))
    assert pod["spec"]["containers"][0]["ports"][0]["hostPort"] == 80


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("reg.example:5000/a/nginx", "Always"),
        ("reg.example:5000/a/nginx:v1", "IfNotPresent"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
        ("NotAReference", "IfNotPresent"),
        ("", "IfNotPresent"),
    ],
)
def test_pull_policy(image: str, policy: str) -> None:
    assert images.pull_policy(image) == policy


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1024Mi"}}], "Guaranteed"),
        ([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}], "Burstable"),
        ([{"requests": {"cpu": "1", "memory": "1"}, "limits": {"cpu": "1", "memory": "1"}}, {}], "Burstable"),
        ([{"requests": {"example.com/x": "1"}}], "BestEffort"),
    ],
)
def test_quality_of_service(resources: list[dict[str, Any]], expected: str) -> None:
    assert qos.of({"containers": [{"resources": entry} for entry in resources]}) == expected


@pytest.mark.parametrize(
    ("container", "errors"),
    [
        ({"image": ""}, ["image: Required value"]),
        ({"ports": [{"containerPort": 0}]}, ["ports[0].containerPort: Required value"]),
        (
            {"ports": [{"containerPort": 70000}]},
            ["ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
        ),
        (
            {"ports": [{"containerPort": 1, "protocol": "X"}]},
            ['ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
        ),
        (
            {"ports": [{"containerPort": 1, "name": "a--b"}]},
            ['ports[0].name: Invalid value: "a--b": must not contain consecutive hyphens'],
        ),
        ({"volumeMounts": [{"name": "x", "mountPath": "/x"}]}, ['volumeMounts[0].name: Not found: "x"']),
        (
            {"imagePullPolicy": "Maybe"},
            ['imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"'],
        ),
        ({"livenessProbe": {}}, ["livenessProbe: Required value: must specify a handler type"]),
        ({"livenessProbe": {"exec": {}}}, ["livenessProbe.exec.command: Required value"]),
        (
            {"readinessProbe": {"tcpSocket": {"port": "UPPER"}}},
            [
                'readinessProbe.tcpSocket.port: Invalid value: "UPPER": must contain only alpha-numeric characters '
                "(a-z, 0-9), and hyphens (-)",
                'readinessProbe.tcpSocket.port: Invalid value: "UPPER": must contain at least one letter (a-z)',
            ],
        ),
        (
            {"env": [{"name": "A", "value": "1", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            ['env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]},
            [
                'env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: '
                '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", '
                '"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'
            ],
        ),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            ['resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        ),
        (
            {"resources": {"requests": {"example.com/gpu": "1"}}},
            ["resources.limits: Required value: Limit must be set for non overcommitable resources"],
        ),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
            [
                "lifecycle.preStop.sleep.seconds: Invalid value: 31: must be non-negative and less than "
                "terminationGracePeriodSeconds (30)"
            ],
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            ["securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
        ),
    ],
)
def test_container_errors(writer: Any, container: dict[str, Any], errors: list[str]) -> None:
    assert _container_errors(writer, container) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"containers": []}, ["spec.containers: Required value"]),
        (
            {"restartPolicy": "Often"},
            ['spec.restartPolicy: Unsupported value: "Often": supported values: "Always", "OnFailure", "Never"'],
        ),
        (
            {"dnsPolicy": "None"},
            ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}]},
            ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
        ),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a/../b"}}]}, ["spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
        ({"volumes": [{"name": "v"}, {"name": "v"}]}, ['spec.volumes[1].name: Duplicate value: "v"']),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 512}}]},
            [
                "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), "
                "both inclusive"
            ],
        ),
        (
            {"initContainers": [{"name": "c", "image": "i"}]},
            ['spec.initContainers[0].name: Duplicate value: "c"'],
        ),
        (
            {"initContainers": [{"name": "i", "image": "i", "livenessProbe": {"exec": {"command": ["x"]}}}]},
            [
                "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without "
                "restartPolicy=Always"
            ],
        ),
        (
            {"tolerations": [{"key": "k", "operator": "In"}]},
            ['spec.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"'],
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]},
            ["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than 0"],
        ),
        ({"hostAliases": [{"ip": "nope"}]}, ['spec.hostAliases[0].ip: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
        (
            {"ephemeralContainers": [{"name": "e", "image": "i"}]},
            ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
        ),
    ],
)  # fmt: skip
def test_pod_errors(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_pod(**spec))[1] == errors


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"serviceAccountName": "nobody"},
            'pods "p" is forbidden: error looking up service account ns/nobody: serviceaccount "nobody" not found',
        ),
        ({"priorityClassName": "none"}, 'pods "p" is forbidden: no PriorityClass with name none was found'),
        ({"runtimeClassName": "none"}, 'pods "p" is forbidden: pod rejected: RuntimeClass "none" not found'),
    ],
)
def test_admission(writer: Any, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(StatusError) as caught:
        writer.try_create(_pod(**spec))
    assert (caught.value.code, caught.value.message) == (403, message)


def test_priority_comes_from_the_class(writer: Any) -> None:
    writer.view.put("scheduling.k8s.io", "priorityclasses", {"metadata": {"name": "high"}, "value": 100})
    assert writer.create(_pod(priorityClassName="high"))["spec"]["priority"] == 100


def test_token_volume_only_where_tokens_are_issued(writer: Any) -> None:
    assert "volumes" not in writer.create(_pod())["spec"]
    strategy = writer.strategies.for_resource(writer.decode(_pod())[0])
    strategy.issues_tokens = True
    spec = writer.create(_pod())["spec"]
    assert spec["volumes"][0]["name"] == spec["containers"][0]["volumeMounts"][0]["name"]
    assert spec["volumes"][0]["name"].startswith("kube-api-access-")
    assert "volumes" not in writer.create(_pod(automountServiceAccountToken=False))["spec"]


def test_image_and_tolerations_may_change(writer: Any) -> None:
    old = writer.create(_pod())
    new = {"containers": [{**old["spec"]["containers"][0], "image": "img:2"}]}
    obj, errors = writer.update(
        old, {"spec": {**new, "tolerations": [*old["spec"]["tolerations"], {"key": "x", "operator": "Exists"}]}}
    )
    assert errors == []
    assert obj["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"containers": []}, "spec.containers: Forbidden: pod updates may not add or remove containers"),
        (
            {"activeDeadlineSeconds": None},
            "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
        ),
        (
            {"activeDeadlineSeconds": 99},
            "spec.activeDeadlineSeconds: Invalid value: 99: must be less than or equal to previous value",
        ),
    ],
)
def test_update_errors(writer: Any, change: dict[str, Any], message: str) -> None:
    old = writer.create(_pod(activeDeadlineSeconds=50))
    assert message in writer.update(old, {"spec": change})[1]


def test_other_changes_are_shown_as_a_difference(writer: Any) -> None:
    old = writer.create(_pod())
    _, errors = writer.update(old, {"spec": {"restartPolicy": "Never"}})
    assert len(errors) == 1
    assert errors[0].startswith("spec: Forbidden: pod updates may not change fields other than")
    assert '\n- "RestartPolicy": "Always",\n+ "RestartPolicy": "Never",\n' in errors[0]


def test_status_update_keeps_the_spec(writer: Any) -> None:
    old = writer.create(_pod())
    obj, errors = writer.update_status(old, {"spec": {"nodeName": "n"}, "status": {"podIP": "10.0.0.1"}})
    assert errors == []
    assert "nodeName" not in obj["spec"]
    assert obj["status"]["podIPs"] == [{"ip": "10.0.0.1"}]
    assert obj["status"]["qosClass"] == "BestEffort"


@pytest.mark.parametrize(
    ("spec", "phase", "asked", "grace"),
    [
        ({}, "Pending", None, 0),
        ({"nodeName": "n"}, "Running", None, 30),
        ({"nodeName": "n"}, "Running", 5, 5),
        ({"nodeName": "n"}, "Running", -3, 1),
        ({"nodeName": "n"}, "Succeeded", None, 0),
    ],
)
def test_graceful_delete(writer: Any, spec: dict[str, Any], phase: str, asked: int | None, grace: int) -> None:
    resource, pod = writer.decode(_pod(**spec))
    pod["status"] = {"phase": phase}
    strategy = writer.strategies.for_resource(resource)
    assert strategy.graceful_delete(pod, SimpleNamespace(grace_period_seconds=asked)) == grace


def test_field_selectors(writer: Any) -> None:
    resource, pod = writer.decode(_pod(nodeName="n", hostNetwork=True))
    pod["status"] = {"phase": "Running", "podIPs": [{"ip": "1.2.3.4"}]}
    fields = writer.strategies.for_resource(resource).selectable_fields(pod)
    assert fields["spec.nodeName"] == "n"
    assert fields["spec.hostNetwork"] == "true"
    assert fields["status.podIP"] == "1.2.3.4"
    assert fields["status.nominatedNodeName"] == ""


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        (
            _pod(nodeSelector={"beta.kubernetes.io/os": "linux"}),
            ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
        ),
        (
            _pod({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
            ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
        ),
        (_pod({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]}), []),
        (
            _pod({"ports": [{"containerPort": 80}, {"containerPort": 80}]}),
            ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
        ),
        (
            _pod({"resources": {"limits": {"memory": "1500m"}}}),
            [
                'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, '
                "must be an integer"
            ],
        ),
        (_pod(imagePullSecrets=[{"name": ""}]), ['spec.imagePullSecrets[0].name: invalid empty name ""']),
    ],
)
def test_warnings(writer: Any, body: dict[str, Any], warnings: list[str]) -> None:
    assert writer.warnings(body)[: len(warnings) or None] == warnings


def _ephemeral(writer: Any, old: dict[str, Any], *containers: dict[str, Any]) -> list[str]:
    resource, obj = writer.decode({**old, "spec": {**old["spec"], "ephemeralContainers": list(containers)}})
    strategy = writer.strategies.for_resource(resource)
    return [error.message for error in strategy.validate_part_update(obj, old, "ephemeralcontainers")]


def test_ephemeral_containers_may_only_be_added(writer: Any) -> None:
    old = writer.create(_pod())
    debug = {"name": "debug", "image": "busybox", "targetContainerName": "c"}
    assert _ephemeral(writer, old, debug) == []
    _, old = writer.decode({**old, "spec": {**old["spec"], "ephemeralContainers": [debug]}})
    changed = _ephemeral(writer, old, {**debug, "image": "other"})
    assert len(changed) == 1
    assert changed[0].startswith(
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n@@'
    )
    assert '\n- "Image": "busybox",\n+ "Image": "other",\n' in changed[0]
    assert _ephemeral(writer, old) == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n'
    ]


@pytest.mark.parametrize(
    ("container", "errors"),
    [
        (
            {"name": "d", "image": "i", "ports": [{"containerPort": 1}]},
            ["spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container"],
        ),
        ({"name": "c", "image": "i"}, ['spec.ephemeralContainers[0].name: Duplicate value: "c"']),
        (
            {"name": "d", "image": "i", "targetContainerName": "x"},
            ['spec.ephemeralContainers[0].targetContainerName: Not found: "x"'],
        ),
    ],
)
def test_ephemeral_container_errors(writer: Any, container: dict[str, Any], errors: list[str]) -> None:
    assert _ephemeral(writer, writer.create(_pod()), container) == errors
