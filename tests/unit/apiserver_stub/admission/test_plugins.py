"""LimitRanger, ResourceQuota, Priority, PersistentVolumeClaimResize: what they fill in and what they refuse."""

# ruff: noqa: E501  messages stand in one piece

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from apiserver_stub.admission import amounts
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.limitranger import LimitRanger
from apiserver_stub.admission.priority import Priority
from apiserver_stub.admission.resourcequota import Charge, ResourceQuota
from apiserver_stub.admission.storage import PersistentVolumeClaimResize
from apiserver_stub.meta import status
from apiserver_stub.schema import kinds

Object = dict[str, Any]


class Objects:
    """A view of the objects given, by plural name; and the ledger of its quotas."""

    off: frozenset[str] = frozenset()

    def __init__(self, **held: list[Object]) -> None:
        self.held = held

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        return next((obj for obj in self.list(group, plural) if obj["metadata"]["name"] == name), None)

    def list(self, group: str, plural: str) -> Iterable[Object]:
        return self.held.get(plural, [])

    async def charge(self, namespace: str, name: str, charge: Charge) -> None:
        quota = self.get("", "resourcequotas", namespace, name)
        assert quota
        charge(quota)


def _meta(name: str = "x") -> Object:
    return {"name": name, "namespace": "ns"}


def _request(
    plural: str,
    obj: Object,
    old: Object | None = None,
    group: str = "",
    *,
    subresource: str = "",
    dry_run: bool = False,
) -> Attributes:
    resource = kinds.builtin().get(group, "v1", plural)
    assert resource
    obj = {"metadata": _meta(), **obj}
    if old is not None:
        old = {"metadata": _meta(), **old}
    operation: Any = "CREATE" if old is None else "UPDATE"
    return Attributes(operation, resource, "ns", "x", obj, old, subresource, dry_run=dry_run)


def _container(name: str = "c", limits: Object | None = None, requests: Object | None = None, **fields: Any) -> Object:
    given = {"limits": limits, "requests": requests}
    return {"name": name, "resources": {key: value for key, value in given.items() if value}, **fields}


def _pod(*containers: Object, **spec: Any) -> Object:
    return {"spec": {"containers": list(containers), **spec}}


def _claim(size: str, **fields: Any) -> Object:
    return {"spec": {"resources": {"requests": {"storage": size}}, "storageClassName": "c"}, **fields}


def _message(plugin: Any, request: Attributes) -> str:
    with pytest.raises(status.StatusError) as refused:
        outcome = plugin.validate(request)
        if outcome is not None:
            asyncio.run(outcome)
    assert refused.value.code == 403
    return str(refused.value.message).partition(" is forbidden: ")[2]


def _ranger(**limit: Any) -> LimitRanger:
    return LimitRanger(Objects(limitranges=[{"metadata": _meta("l"), "spec": {"limits": [limit]}}]))


def test_limits_are_filled_in() -> None:
    ranger = _ranger(type="Container", default={"cpu": "2", "memory": "1Gi"}, defaultRequest={"cpu": "1"})
    request = _request("pods", _pod(_container(), _container("d", {"cpu": "3"}), initContainers=[_container("i")]))
    ranger.admit(request)
    assert request.obj
    note = request.obj["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert note == (
        "LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c; cpu request for "
        "container d; memory limit for container d; cpu request for init container i; cpu, memory limit for init container i"
    )
    assert request.obj["spec"]["containers"][1]["resources"]["limits"] == {"cpu": "3", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("limit", "request_", "message"),
    [
        ({"type": "Container", "max": {"cpu": "1"}}, _request("pods", _pod(_container())), "maximum cpu usage per Container is 1.  No limit is specified"),
        ({"type": "Container", "max": {"cpu": "1"}}, _request("pods", _pod(_container(limits={"cpu": "1500m"}))), "maximum cpu usage per Container is 1, but limit is 1500m"),
        ({"type": "Container", "min": {"cpu": "1"}}, _request("pods", _pod(_container(requests={"memory": "1"}))), "minimum cpu usage per Container is 1.  No request is specified"),
        ({"type": "Pod", "max": {"memory": "1Gi"}}, _request("pods", _pod(_container(limits={"memory": "768Mi"}), _container("d", {"memory": "512Mi"}))), "maximum memory usage per Pod is 1Gi, but limit is 1280Mi"),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}, _request("pods", _pod(_container(limits={"cpu": "3"}, requests={"cpu": "1"}))), "cpu max limit to request ratio per Pod is 2, but provided ratio is 3.000000"),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}, _request("pods", _pod(_container())), "cpu max limit to request ratio per Pod is 2, but no request is specified or request is 0"),
        ({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}, _request("persistentvolumeclaims", _claim("2Gi")), "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"),
        ({"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}}, _request("pods", _pod(_container(limits={"cpu": "3"}, requests={"cpu": "100m"}))), "[minimum cpu usage per Container is 1, but request is 100m, maximum cpu usage per Container is 2, but limit is 3]"),
    ],
)  # fmt: skip
def test_limits_refuse(limit: Object, request_: Attributes, message: str) -> None:
    assert _message(_ranger(**limit), request_) == message


def test_limits_leave_updates_of_pods_alone() -> None:
    pod = _pod(_container(limits={"cpu": "5"}))
    ranger = _ranger(type="Container", max={"cpu": "1"})
    ranger.validate(_request("pods", pod, pod))
    assert "but limit is 5" in _message(ranger, _request("pods", pod, pod, subresource="resize"))


@pytest.mark.parametrize(
    ("spec", "requests"),
    [
        (_pod(_container(requests={"cpu": "1"}), _container("d", requests={"cpu": "500m"})), "1500m"),
        (_pod(_container(requests={"cpu": "1"}), initContainers=[_container("i", requests={"cpu": "3"})]), "3"),
        (_pod(_container(requests={"cpu": "1"}), initContainers=[_container("s", requests={"cpu": "1"}, restartPolicy="Always"), _container("i", requests={"cpu": "2"})]), "3"),
        (_pod(_container(requests={"cpu": "1"}), overhead={"cpu": "250m"}), "1250m"),
        (_pod(_container(requests={"cpu": "1"}), resources={"requests": {"cpu": "4"}}), "4"),
    ],
)  # fmt: skip
def test_what_a_pod_asks_for(spec: Object, requests: str) -> None:
    assert str(amounts.pod(spec["spec"], "requests")["cpu"]) == requests


def _quotas(hard: Object, used: Object, **spec: Any) -> tuple[ResourceQuota, Objects]:
    status_ = {"hard": hard, "used": used}
    objects = Objects(resourcequotas=[{"metadata": _meta("q"), "spec": {"hard": hard, **spec}, "status": status_}])
    return ResourceQuota(objects, objects.charge), objects


def _used(objects: Objects) -> Object:
    found: Object = objects.held["resourcequotas"][0]["status"]["used"]
    return found


@pytest.mark.parametrize(
    ("hard", "request_", "used"),
    [
        ({"pods": "5", "count/pods": "5"}, _request("pods", _pod(_container())), {"pods": "1", "count/pods": "1"}),
        ({"requests.memory": "1Gi"}, _request("pods", _pod(_container(requests={"memory": "128Mi"}))), {"requests.memory": "128Mi"}),
        ({"requests.x.io/gpu": "4"}, _request("pods", _pod(_container(limits={"x.io/gpu": "2"}, requests={"x.io/gpu": "2"}))), {"requests.x.io/gpu": "2"}),
        ({"count/deployments.apps": "2"}, _request("deployments", {"spec": {}}, group="apps"), {"count/deployments.apps": "1"}),
        ({"services.nodeports": "3", "services": "1"}, _request("services", {"spec": {"type": "NodePort", "ports": [{}, {}]}}), {"services.nodeports": "2", "services": "1"}),
        ({"services.loadbalancers": "1"}, _request("services", {"spec": {"type": "ClusterIP"}}), {"services.loadbalancers": "0"}),
        ({"requests.storage": "5Gi", "c.storageclass.storage.k8s.io/persistentvolumeclaims": "1"}, _request("persistentvolumeclaims", _claim("2Gi")), {"requests.storage": "2Gi", "c.storageclass.storage.k8s.io/persistentvolumeclaims": "1"}),
        ({"requests.storage": "5Gi"}, _request("persistentvolumeclaims", _claim("3Gi"), _claim("1Gi")), {"requests.storage": "2Gi"}),
        ({"pods": "5"}, _request("pods", _pod(_container()), dry_run=True), {"pods": "0"}),
        ({"configmaps": "5"}, _request("pods", _pod(_container())), {"configmaps": "0"}),
        ({"configmaps": "5"}, _request("configmaps", {}, {}), {"configmaps": "0"}),
        ({"pods": "5"}, _request("pods", {**_pod(_container()), "status": {"phase": "Failed"}}), {"pods": "0"}),
    ],
)  # fmt: skip
def test_quotas_count(hard: Object, request_: Attributes, used: Object) -> None:
    quota, objects = _quotas(hard, dict.fromkeys(hard, "0"))
    asyncio.run(quota.validate(request_))
    assert _used(objects) == used


@pytest.mark.parametrize(
    ("spec", "pod", "counted"),
    [
        ({"scopes": ["BestEffort"]}, _pod(_container()), True),
        ({"scopes": ["BestEffort"]}, _pod(_container(requests={"cpu": "1"})), False),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, _pod(_container(requests={"cpu": "1"})), True),
        ({"scopes": ["Terminating"]}, _pod(_container(), activeDeadlineSeconds=5), True),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["hi"]}]}}, _pod(_container(), priorityClassName="hi"), True),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["hi"]}]}}, _pod(_container(), priorityClassName="hi"), False),
        ({"scopes": ["CrossNamespacePodAffinity"]}, _pod(_container(), affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaceSelector": {}}]}}), True),
    ],
)  # fmt: skip
def test_scopes(spec: Object, pod: Object, counted: bool) -> None:
    quota, objects = _quotas({"pods": "1"}, {"pods": "0"}, **spec)
    asyncio.run(quota.validate(_request("pods", pod)))
    assert _used(objects) == {"pods": "1" if counted else "0"}


@pytest.mark.parametrize(
    ("hard", "used", "request_", "message"),
    [
        ({"pods": "1"}, {"pods": "1"}, _request("pods", _pod(_container())), "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"),
        ({"requests.cpu": "1", "pods": "9"}, {"requests.cpu": "500m", "pods": "0"}, _request("pods", _pod(_container(requests={"cpu": "1"}))), "exceeded quota: q, requested: requests.cpu=1, used: requests.cpu=500m, limited: requests.cpu=1"),
        ({"requests.cpu": "1", "limits.memory": "1"}, {"requests.cpu": "0", "limits.memory": "0"}, _request("pods", _pod(_container(), _container("a"))), "failed quota: q: must specify limits.memory for: a,c; requests.cpu for: a,c"),
        ({"pods": "1"}, {}, _request("pods", _pod(_container())), "status unknown for quota: q, resources: pods"),
        ({"configmaps": "0"}, {"configmaps": "0"}, _request("configmaps", {}, dry_run=True), "exceeded quota: q, requested: configmaps=1, used: configmaps=0, limited: configmaps=0"),
    ],
)  # fmt: skip
def test_quotas_refuse(hard: Object, used: Object, request_: Attributes, message: str) -> None:
    quota, objects = _quotas(hard, used)
    assert _message(quota, request_) == message
    assert _used(objects) == used


@pytest.mark.parametrize(
    ("phase", "expandable", "message"),
    [
        ("Pending", True, "Only bound persistent volume claims can be expanded"),
        ("Bound", False, "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"),
        ("Bound", True, ""),
    ],
)  # fmt: skip
def test_claims_grow_where_their_class_can(phase: str, expandable: bool, message: str) -> None:
    plugin = PersistentVolumeClaimResize(
        Objects(storageclasses=[{"metadata": {"name": "c"}, "allowVolumeExpansion": expandable}])
    )
    old = _claim("1Gi", status={"phase": phase})
    plugin.validate(_request("persistentvolumeclaims", old, old))
    grown = _request("persistentvolumeclaims", _claim("2Gi", status={"phase": phase}), old)
    if message:
        assert _message(plugin, grown) == message
    else:
        plugin.validate(grown)


def test_one_default_priority_class() -> None:
    chosen = {"metadata": {"name": "first"}, "globalDefault": True, "value": 1}
    plugin = Priority(Objects(priorityclasses=[chosen]))
    request = _request("priorityclasses", {"globalDefault": True}, group="scheduling.k8s.io")
    assert _message(plugin, request) == "PriorityClass first is already marked as default. Only one default can exist"
    plugin.validate(_request("priorityclasses", {"globalDefault": False}, group="scheduling.k8s.io"))


def test_system_priority_classes_stay() -> None:
    request = _request("priorityclasses", {}, {}, group="scheduling.k8s.io")
    request.operation, request.obj, request.name = "DELETE", None, "system-node-critical"
    assert _message(Priority(Objects()), request) == "this is a system priority class and cannot be deleted"
