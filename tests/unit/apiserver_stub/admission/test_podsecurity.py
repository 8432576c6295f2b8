"""PodSecurity: the checks of each level and version, and what a namespace's labels ask for."""

# ruff: noqa: E501  messages stand in one piece

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from apiserver_stub.admission import podsecurity, podsecurity_checks
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.schema import kinds

Object = dict[str, Any]
_GOOD: Object = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _spec(*contexts: Object, **spec: Any) -> Object:
    names = ("c", "d")
    return {"containers": [{"name": names[i], "securityContext": own} for i, own in enumerate(contexts)], **spec}


def _with(**container: Any) -> Object:
    return {"containers": [{"name": "c", "securityContext": _GOOD, **container}]}


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        (_spec({}), []),
        (_spec({"privileged": True}, {"privileged": True}), [("privileged", 'containers "c", "d" must not set securityContext.privileged=true')]),
        (_spec({}, hostIPC=True), [("host namespaces", "hostIPC=true")]),
        (_spec({}, volumes=[{"name": "v", "hostPath": {}}, {"name": "w", "hostPath": {}}]), [("hostPath volumes", 'volumes "v", "w"')]),
        (_with(ports=[{"hostPort": 80}, {"hostPort": 443}]), [("hostPorts", 'container "c" uses hostPorts 443, 80')]),
        (_with(livenessProbe={"httpGet": {"host": "h"}}), [("probe or lifecycle host", 'container "c" uses probe or lifecycle host "h"')]),
        (_spec({"capabilities": {"add": ["CHOWN", "NET_RAW"]}}), [("non-default capabilities", 'container "c" must not include "NET_RAW" in securityContext.capabilities.add')]),
        (_spec({"procMount": "Unmasked"}), [("procMount", 'container "c" must not set securityContext.procMount to "Unmasked"')]),
        (_spec({"appArmorProfile": {"type": "Unconfined"}}), [("forbidden AppArmor profile", 'container "c" must not set AppArmor profile type to "Unconfined"')]),
        (_spec({"seLinuxOptions": {"type": "x", "user": "u"}}), [("seLinuxOptions", 'container "c" set forbidden securityContext.seLinuxOptions: type "x"; user may not be set')]),
        (_spec({"seLinuxOptions": {"type": "container_engine_t"}}), []),
        (_spec({}, securityContext={"seccompProfile": {"type": "Unconfined"}}), [("seccompProfile", 'pod must not set securityContext.seccompProfile.type to "Unconfined"')]),
        (_spec({}, securityContext={"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}), [("forbidden sysctls", "kernel.msgmax")]),
        (_spec({"windowsOptions": {"hostProcess": True}}), [("hostProcess", 'container "c" must not set securityContext.windowsOptions.hostProcess=true')]),
    ],
)  # fmt: skip
def test_baseline(spec: Object, faults: list[tuple[str, str]]) -> None:
    assert podsecurity_checks.faults("baseline", 36, {}, spec) == faults
    assert podsecurity_checks.faults("privileged", 36, {}, spec) == []


@pytest.mark.parametrize(
    ("spec", "reasons"),
    [
        (_spec(_GOOD), []),
        (_spec({}), ["allowPrivilegeEscalation != false", "unrestricted capabilities", "runAsNonRoot != true", "seccompProfile"]),
        (_spec({**_GOOD, "runAsUser": 0}), ["runAsUser=0"]),
        (_spec({**_GOOD, "runAsNonRoot": False}), ["runAsNonRoot != true"]),
        (_spec({**_GOOD, "runAsNonRoot": None}, securityContext={"runAsNonRoot": True}), []),
        (_spec({**_GOOD, "seccompProfile": None}, securityContext={"seccompProfile": {"type": "Localhost"}}), []),
        (_spec({**_GOOD, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}), []),
        (_spec({**_GOOD, "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}), ["unrestricted capabilities"]),
        (_spec(_GOOD, volumes=[{"name": "v", "nfs": {}}, {"name": "w", "emptyDir": {}}]), ["restricted volume types"]),
        (_spec(_GOOD, volumes=[{"name": "v", "hostPath": {}}]), ["restricted volume types"]),
        (_spec({"runAsNonRoot": True}, os={"name": "windows"}), []),
    ],
)  # fmt: skip
def test_restricted(spec: Object, reasons: list[str]) -> None:
    assert [reason for reason, _ in podsecurity_checks.faults("restricted", 36, {}, spec)] == reasons


@pytest.mark.parametrize(
    ("level", "minor", "spec", "count"),
    [
        ("baseline", 33, _with(livenessProbe={"httpGet": {"host": "h"}}), 0),
        ("baseline", 31, _spec({}, securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}), 1),
        ("restricted", 22, _spec({**_GOOD, "runAsUser": 0}), 0),
        ("restricted", 24, _spec({"runAsNonRoot": True}, os={"name": "windows"}), 3),
    ],
)
def test_versions(level: str, minor: int, spec: Object, count: int) -> None:
    assert len(podsecurity_checks.faults(level, minor, {}, spec)) == count


def test_annotations_for_apparmor() -> None:
    annotations = {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}
    [(_, detail)] = podsecurity_checks.faults("baseline", 36, {"annotations": annotations}, _spec({}))
    assert detail.startswith('annotation must not set AppArmor profile type to "container.apparmor')


@pytest.mark.parametrize(
    ("labels", "enforce", "warn", "errors"),
    [
        ({}, "privileged:latest", "privileged:latest", 0),
        ({"enforce": "baseline"}, "baseline:latest", "baseline:latest", 0),
        ({"enforce": "baseline", "enforce-version": "v1.30"}, "baseline:v1.30", "baseline:v1.30", 0),
        ({"enforce": "restricted", "warn": "baseline"}, "restricted:latest", "baseline:latest", 0),
        ({"enforce": "strict"}, "restricted:latest", "privileged:latest", 1),
        ({"warn": "baseline", "warn-version": "v9"}, "privileged:latest", "baseline:latest", 1),
    ],
)
def test_labels(labels: dict[str, str], enforce: str, warn: str, errors: int) -> None:
    found, mistakes = podsecurity.policy({podsecurity.PREFIX + name: value for name, value in labels.items()})
    assert (str(found.enforce), str(found.warn), len(mistakes)) == (enforce, warn, errors)


class World:
    """One namespace and the Pods in it."""

    off: frozenset[str] = frozenset()

    def __init__(self, labels: dict[str, str], *pods: Object) -> None:
        self.namespace = {"metadata": {"name": "ns", "labels": labels}}
        self.pods = pods

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        return self.namespace if (plural, name) == ("namespaces", "ns") else None

    def list(self, group: str, plural: str) -> Iterable[Object]:
        return self.pods


def _request(plural: str, obj: Object, old: Object | None = None, group: str = "") -> Attributes:
    resource = kinds.builtin().get(group, "v1", plural)
    assert resource
    return Attributes(
        "CREATE" if old is None else "UPDATE", resource, "ns", "x", {"metadata": {"name": "x"}, **obj}, old
    )


def test_templates_are_warned_of_and_pods_refused() -> None:
    plugin = podsecurity.PodSecurity(World({f"{podsecurity.PREFIX}enforce": "baseline"}))
    spec = _spec({"privileged": True})
    workload = _request("cronjobs", {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}, group="batch")
    plugin.validate(workload)
    detail = 'privileged (container "c" must not set securityContext.privileged=true)'
    assert workload.warnings == [f'would violate PodSecurity "baseline:latest": {detail}']
    with pytest.raises(status.StatusError) as refused:
        plugin.validate(_request("pods", {"spec": spec}))
    assert refused.value.message == f'pods "x" is forbidden: violates PodSecurity "baseline:latest": {detail}'


def test_pods_that_are_there_are_warned_of() -> None:
    pods = [{"metadata": {"name": n, "namespace": "ns"}, "spec": _spec({"privileged": True})} for n in ("a", "b")]
    plugin = podsecurity.PodSecurity(World({}, *pods))
    meta = {"name": "x", "labels": {f"{podsecurity.PREFIX}enforce": "baseline"}}
    request = _request("namespaces", {"metadata": meta}, {"metadata": {"name": "x"}})
    for pod in pods:
        pod["metadata"]["namespace"] = "x"
    plugin.validate(request)
    assert request.warnings == [
        'existing pods in namespace "x" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 1 other pod): privileged",
    ]
