"""Cells of every kind: one row each, and what is special to some."""

import datetime as dt
from typing import Any

import pytest

from apiserver_stub import printers
from apiserver_stub.http import table
from apiserver_stub.meta import status
from apiserver_stub.schema import facts, kinds

KINDS = kinds.builtin()
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CREATED = "2025-12-31T23:00:00Z"
JSON = dict[str, Any]
LISTABLE = [resource for resource in KINDS if "list" in resource.verbs]


def row(group: str, plural: str, obj: JSON) -> list[Any]:
    """Cells between the name and the age; the object is named "x"."""
    obj = {"metadata": {"name": "x", "creationTimestamp": CREATED, **obj.get("metadata", {})}, **obj}
    obj["metadata"] = {"name": "x", "creationTimestamp": CREATED, **obj["metadata"]}
    return printers.printer(group, plural)(obj, NOW)


TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "j:2"}]}}
SELECTOR = {"matchLabels": {"app": "x"}}
CASES: list[tuple[str, str, JSON, list[Any]]] = [
    ("", "configmaps", {"data": {"a": "1"}, "binaryData": {"b": "", "c": ""}}, ["x", 3, "60m"]),
    ("", "secrets", {"type": "Opaque", "data": {"a": "", "b": ""}}, ["x", "Opaque", 2, "60m"]),
    ("", "serviceaccounts", {}, ["x", "60m"]),
    ("", "namespaces", {"status": {"phase": "Active"}}, ["x", "Active", "60m"]),
    ("", "limitranges", {}, ["x", CREATED]),
    (
        "",
        "services",
        {"spec": {"type": "ClusterIP", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80, "protocol": "TCP"}]}},
        ["x", "ClusterIP", "10.0.0.1", "<none>", "80/TCP", "60m", "<none>"],
    ),
    (
        "",
        "services",
        {
            "spec": {
                "type": "LoadBalancer",
                "clusterIP": "10.0.0.1",
                "externalIPs": ["9.9.9.9"],
                "ports": [{"port": 80, "nodePort": 30000, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                "selector": {"b": "2", "a": "1"},
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "h"}]}},
        },
        ["x", "LoadBalancer", "10.0.0.1", "1.2.3.4,h,9.9.9.9", "80:30000/TCP,53/UDP", "60m", "a=1,b=2"],
    ),
    (
        "",
        "services",
        {"spec": {"type": "ExternalName", "externalName": "e.example"}},
        ["x", "ExternalName", "<none>", "e.example", "<none>", "60m", "<none>"],
    ),
    (
        "",
        "endpoints",
        {"subsets": [{"addresses": [{"ip": f"10.0.0.{i}"} for i in range(5)], "ports": [{"port": 80}]}]},
        ["x", "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more...", "60m"],
    ),
    ("", "endpoints", {}, ["x", "<none>", "60m"]),
    (
        "",
        "nodes",
        {
            "metadata": {"labels": {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "worker"}},
            "spec": {"unschedulable": True},
            "status": {
                "conditions": [{"type": "Ready", "status": "False"}],
                "addresses": [{"type": "InternalIP", "address": "10.0.0.5"}],
                "nodeInfo": {
                    "kubeletVersion": "v1",
                    "kernelVersion": "6.1",
                    "architecture": "amd64",
                    "osImage": "Debian",
                },
            },
        },
        [
            "x",
            "NotReady,SchedulingDisabled",
            "control-plane,worker",
            "60m",
            "v1",
            "10.0.0.5",
            "<none>",
            "Debian",
            "6.1 (amd64)",
            "<unknown>",
        ],
    ),
    (
        "",
        "resourcequotas",
        {"status": {"hard": {"pods": "2", "limits.cpu": "1"}, "used": {"pods": "1"}}},
        ["x", "pods: 1/2", "limits.cpu: 0/1", "60m"],
    ),
    (
        "",
        "persistentvolumeclaims",
        {
            "spec": {"volumeName": "v", "storageClassName": "s", "volumeMode": "Filesystem"},
            "status": {
                "phase": "Bound",
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            },
        },
        ["x", "Bound", "v", "1Gi", "RWO,RWX", "s", "<unset>", "60m", "Filesystem"],
    ),
    (
        "",
        "events",
        {
            "type": "Warning",
            "reason": "R",
            "message": " m\n",
            "involvedObject": {"kind": "Pod", "name": "p"},
            "source": {"component": "c", "host": "h"},
            "firstTimestamp": "2025-12-31T23:58:00Z",
            "lastTimestamp": "2025-12-31T23:59:30Z",
            "count": 3,
        },
        ["30s", "Warning", "R", "pod/p", "", "c, h", "m", "2m", 3, "x"],
    ),
    (
        "events.k8s.io",
        "events",
        {
            "note": "m",
            "regarding": {"kind": "Pod", "name": "p"},
            "reportingController": "c",
            "eventTime": "2025-12-31T23:58:00.000000Z",
            "series": {"count": 7, "lastObservedTime": "2025-12-31T23:59:30.000000Z"},
        },
        ["30s", "", "", "pod/p", "", "c", "m", "2m", 7, "x"],
    ),
    (
        "apps",
        "deployments",
        {
            "spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR},
            "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
        },
        ["x", "1/3", 2, 1, "60m", "a,b", "i:1,j:2", "app=x"],
    ),
    (
        "apps",
        "replicasets",
        {"spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR}, "status": {"replicas": 2}},
        ["x", 3, 2, 0, "60m", "a,b", "i:1,j:2", "app=x"],
    ),
    (
        "apps",
        "controllerrevisions",
        {
            "metadata": {
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "controller": True}]
            },
            "revision": 2,
        },
        ["x", "daemonset.apps/d", 2, "60m"],
    ),
    (
        "batch",
        "jobs",
        {
            "spec": {"parallelism": 3, "template": TEMPLATE},
            "status": {"succeeded": 1, "startTime": "2025-12-31T23:59:00Z", "completionTime": "2025-12-31T23:59:30Z"},
        },
        ["x", "Running", "1/1 of 3", "30s", "60m", "a,b", "i:1,j:2", "<none>"],
    ),
    (
        "batch",
        "jobs",
        {
            "spec": {"completions": 2, "template": TEMPLATE},
            "status": {"conditions": [{"type": "Complete", "status": "True"}], "startTime": "2025-12-31T23:58:00Z"},
        },
        ["x", "Complete", "0/2", "2m", "60m", "a,b", "i:1,j:2", "<none>"],
    ),
    (
        "batch",
        "cronjobs",
        {"spec": {"schedule": "* * * * *", "suspend": False}, "status": {"active": [{}]}},
        ["x", "* * * * *", "<none>", "False", 1, "<none>", "60m", "", "", "<none>"],
    ),
    (
        "autoscaling",
        "horizontalpodautoscalers",
        {
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "d"},
                "maxReplicas": 4,
                "metrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}},
                    {"type": "Pods", "pods": {"target": {"averageValue": "10"}}},
                    {"type": "External", "external": {"target": {"value": "1"}}},
                ],
            },
            "status": {
                "currentReplicas": 2,
                "currentMetrics": [{"type": "Resource", "resource": {"current": {"averageUtilization": 33}}}],
            },
        },
        ["x", "Deployment/d", "cpu: 33%/50%, <unknown>/10 + 1 more...", "<unset>", 4, 2, "60m"],
    ),
    (
        "networking.k8s.io",
        "ingresses",
        {
            "spec": {"rules": [{"host": f"h{i}"} for i in range(5)], "tls": [{}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"ip": "1.1.1.1"}]}},
        },
        ["x", "<none>", "h0,h1,h2 + 2 more...", "1.1.1.1,2.2.2.2", "80, 443", "60m"],
    ),
    (
        "discovery.k8s.io",
        "endpointslices",
        {
            "addressType": "IPv4",
            "ports": [{"port": 80}, {"name": "n"}, {}],
            "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"]}],
        },
        ["x", "IPv4", "80,n,*", "10.0.0.1,10.0.0.2", "60m"],
    ),
    ("discovery.k8s.io", "endpointslices", {"addressType": "IPv4"}, ["x", "IPv4", "<unset>", "<unset>", "60m"]),
    ("policy", "poddisruptionbudgets", {"spec": {"minAvailable": 0}}, ["x", "0", "N/A", 0, "60m"]),
    (
        "rbac.authorization.k8s.io",
        "rolebindings",
        {
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "User", "name": "u"},
                {"kind": "User", "name": "v"},
                {"kind": "ServiceAccount", "name": "sa", "namespace": "ns"},
            ],
        },
        ["x", "Role/r", "60m", "u, v", "", "ns/sa"],
    ),
    (
        "storage.k8s.io",
        "storageclasses",
        {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "p"},
        ["x (default)", "p", "Delete", "Immediate", False, "60m"],
    ),
    (
        "certificates.k8s.io",
        "certificatesigningrequests",
        {
            "spec": {"signerName": "s", "username": "u", "expirationSeconds": 3600},
            "status": {"conditions": [{"type": "Approved"}], "certificate": "x"},
        },
        ["x", "60m", "s", "u", "60m", "Approved,Issued"],
    ),
    ("coordination.k8s.io", "leases", {"spec": {"holderIdentity": "me"}}, ["x", "me", "60m"]),
    ("scheduling.k8s.io", "priorityclasses", {"value": 5}, ["x", 5, False, "60m", "PreemptLowerPriority"]),
]


@pytest.mark.parametrize(("group", "plural", "obj", "expected"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_row(group: str, plural: str, obj: JSON, expected: list[Any]) -> None:
    assert row(group, plural, obj) == expected


@pytest.mark.parametrize("resource", LISTABLE, ids=lambda r: f"{r.api_version}/{r.name}")
def test_every_kind_has_its_cells(resource: kinds.Resource) -> None:
    """As many cells as columns, of the columns' types, even for an object that has only a name."""
    rendered = table.render(resource, [{"metadata": {"name": "x"}}], list_meta={}, now=NOW)
    columns, cells = rendered["columnDefinitions"], rendered["rows"][0]["cells"]
    assert len(cells) == len(columns)
    assert len(columns) == len(facts.columns(resource) or ("Name", "Created At"))
    for column, cell in zip(columns, cells, strict=True):
        if column["type"] == "integer":
            assert isinstance(cell, int)
        elif column["type"] == "boolean" and column["name"] != "Suspend":
            assert isinstance(cell, bool)
    assert cells[[column["format"] for column in columns].index("name")] == "x"


def test_own_printers_are_for_kinds_that_exist() -> None:
    assert set(printers.PRINTERS) <= {(resource.group, resource.name) for resource in LISTABLE}


@pytest.mark.parametrize("resource", LISTABLE, ids=lambda r: f"{r.api_version}/{r.name}")
def test_columns_are_described(resource: kinds.Resource) -> None:
    if facts.columns(resource) is not None and resource.name != "runtimeclasses":
        rendered = table.render(resource, [], list_meta={})
        assert all(column["description"] for column in rendered["columnDefinitions"])


def pods_table(**options: Any) -> JSON:
    resource = KINDS.get("", "v1", "pods")
    assert resource is not None
    obj = {"kind": "Pod", "metadata": {"name": "x", "labels": {"a": "b"}}, "status": {"phase": "Succeeded"}}
    return table.render(resource, [obj], list_meta={"resourceVersion": "5"}, now=NOW, **options)


def test_rows_carry_metadata() -> None:
    rendered = pods_table()
    assert (rendered["kind"], rendered["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert rendered["metadata"] == {"resourceVersion": "5"}
    assert rendered["rows"][0]["object"] == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"name": "x", "labels": {"a": "b"}},
    }
    assert rendered["rows"][0]["conditions"][0]["type"] == "Completed"


def test_what_rows_carry_can_be_chosen() -> None:
    assert pods_table(include="None")["rows"][0]["object"] is None
    assert pods_table(include="Object")["rows"][0]["object"]["kind"] == "Pod"
    assert pods_table(version="v1beta1")["rows"][0]["object"]["apiVersion"] == "meta.k8s.io/v1beta1"
    assert pods_table(headers=False)["columnDefinitions"] is None


def test_include_of_a_request() -> None:
    assert table.include_of("") == "Metadata"
    assert table.include_of("None") == "None"
    with pytest.raises(status.StatusError) as caught:
        table.include_of("Nope")
    assert caught.value.code == 400
    assert caught.value.message.endswith("must be 'Metadata', 'Object', 'None', or empty")
