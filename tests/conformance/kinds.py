"""Kinds whose lifecycle upstream checks in the same way, as data."""

from dataclasses import dataclass, field
from typing import Any

from tests.conformance import certificates

Object = dict[str, Any]
ALL_VERBS = {"create", "get", "list", "watch", "update", "patch", "delete", "deletecollection"}
ADMISSION = "admissionregistration.k8s.io/v1"
MATCH_DEPLOYMENTS = {
    "resourceRules": [
        {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
    ],
    "namespaceSelector": {"matchLabels": {"conformance": "nowhere"}},
}


def containers(name: str = "main") -> Object:
    return {"containers": [{"name": name, "image": "registry.example/image:1"}]}


def template(**labels: str) -> Object:
    return {"metadata": {"labels": labels or {"app": "x"}}, "spec": containers()}


def workload(**spec: Any) -> Object:
    return {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template()} | spec}


@dataclass(frozen=True)
class Kind:
    """`path`: group/version/plural; core kinds have no group. `status`: what a patch of the status sets, and is read
    back, {} if the kind has no status of its own to write."""

    path: str
    body: Object
    namespaced: bool = True
    status: Object = field(default_factory=dict)
    patch: Object = field(default_factory=dict)

    @property
    def group_version(self) -> str:
        return self.path.rpartition("/")[0] or "v1"

    @property
    def plural(self) -> str:
        return self.path.rpartition("/")[2]


def condition(**fields: str) -> Object:
    return {"status": "True", "reason": "Test", "message": "by a test", **fields}


def event(**fields: Any) -> Object:
    about = {"kind": "Pod", "name": "x", "namespace": "NAMESPACE", "apiVersion": "v1"}
    return {
        "regarding": about,
        "reason": "Test",
        "action": "Do",
        "note": "a note",
        "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "test-controller",
        "reportingInstance": "test-1",
        **fields,
    }


def core_event() -> Object:
    return {
        "involvedObject": {"kind": "Pod", "name": "x", "namespace": "NAMESPACE"},
        "reason": "Test",
        "message": "a message",
        "type": "Normal",
        "source": {"component": "test"},
    }


SERIES = {"count": 100, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}
CLAIM = {"devices": {"requests": [{"name": "one", "exactly": {"deviceClassName": "class.example.com"}}]}}
VALIDATIONS = {"validations": [{"expression": "object.spec.replicas > 1"}]}
MUTATIONS = {
    "reinvocationPolicy": "Never",
    "mutations": [
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {"expression": "Object{spec: Object.spec{replicas: 1}}"},
        }
    ],
}


def policy(**spec: Any) -> Object:
    return {"spec": {"matchConstraints": MATCH_DEPLOYMENTS, **spec}}


KINDS = {
    "mutatingadmissionpolicies": Kind(f"{ADMISSION}/mutatingadmissionpolicies", policy(**MUTATIONS), namespaced=False),
    "mutatingadmissionpolicybindings": Kind(
        f"{ADMISSION}/mutatingadmissionpolicybindings", {"spec": {"policyName": "none"}}, namespaced=False
    ),
    "validatingadmissionpolicies": Kind(
        f"{ADMISSION}/validatingadmissionpolicies",
        policy(**VALIDATIONS),
        namespaced=False,
        status={"conditions": [condition(type="Tested", lastTransitionTime="2026-01-01T00:00:00Z")]},
    ),
    "validatingadmissionpolicybindings": Kind(
        f"{ADMISSION}/validatingadmissionpolicybindings",
        {"spec": {"policyName": "none", "validationActions": ["Deny"]}},
        namespaced=False,
    ),
    "cronjobs": Kind(
        "batch/v1/cronjobs",
        {
            "spec": {
                "schedule": "*/1 * * * *",
                "suspend": True,
                "jobTemplate": {"spec": {"template": {"spec": containers() | {"restartPolicy": "OnFailure"}}}},
            }
        },
        status={"lastScheduleTime": "2026-01-01T00:00:00Z"},
    ),
    "jobs": Kind(
        "batch/v1/jobs",
        {"spec": {"suspend": True, "template": {"spec": containers() | {"restartPolicy": "Never"}}}},
    ),
    "daemonsets": Kind("apps/v1/daemonsets", workload()),
    "poddisruptionbudgets": Kind(
        "policy/v1/poddisruptionbudgets",
        {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}},
    ),
    "certificatesigningrequests": Kind(
        "certificates.k8s.io/v1/certificatesigningrequests",
        {
            "spec": {
                "request": certificates.request(),
                "signerName": "example.com/e2e",
                "expirationSeconds": 3600,
                "usages": ["digital signature", "key encipherment", "server auth"],
            }
        },
        namespaced=False,
    ),
    "endpointslices": Kind(
        "discovery.k8s.io/v1/endpointslices",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"]}], "ports": [{"port": 80}]},
    ),
    "endpoints": Kind(
        "endpoints",
        {"subsets": [{"addresses": [{"ip": "10.0.0.24"}], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}]},
        patch={
            "subsets": [
                {"addresses": [{"ip": "10.0.0.25"}], "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}
            ]
        },
    ),
    "ingresses": Kind(
        "networking.k8s.io/v1/ingresses",
        {"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}},
        status={"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}]}},
    ),
    "ingressclasses": Kind(
        "networking.k8s.io/v1/ingressclasses", {"spec": {"controller": "example.com/controller"}}, namespaced=False
    ),
    "servicecidrs": Kind(
        "networking.k8s.io/v1/servicecidrs",
        {"spec": {"cidrs": ["10.196.NUMBER.0/24"]}},
        namespaced=False,
        status={"conditions": [condition(type="Tested", lastTransitionTime="2026-01-01T00:00:00Z")]},
    ),
    "runtimeclasses": Kind("node.k8s.io/v1/runtimeclasses", {"handler": "some-handler"}, namespaced=False),
    "resourceclaims": Kind("resource.k8s.io/v1/resourceclaims", {"spec": CLAIM}),
    "resourceclaimtemplates": Kind("resource.k8s.io/v1/resourceclaimtemplates", {"spec": {"spec": CLAIM}}),
    "resourceslices": Kind(
        "resource.k8s.io/v1/resourceslices",
        {
            "spec": {
                "driver": "driver.example.com",
                "nodeName": "a-node",
                "pool": {"name": "NAME", "generation": 1, "resourceSliceCount": 1},
                "devices": [{"name": "a"}],
            }
        },
        namespaced=False,
    ),
    "csidrivers": Kind(
        "storage.k8s.io/v1/csidrivers",
        {"spec": {"volumeLifecycleModes": ["Ephemeral"], "podInfoOnMount": True}},
        namespaced=False,
    ),
    "csinodes": Kind("storage.k8s.io/v1/csinodes", {"spec": {"drivers": []}}, namespaced=False),
    "storageclasses": Kind("storage.k8s.io/v1/storageclasses", {"provisioner": "example.com/none"}, namespaced=False),
    "volumeattachments": Kind(
        "storage.k8s.io/v1/volumeattachments",
        {"spec": {"attacher": "example.com", "nodeName": "a-node", "source": {"persistentVolumeName": "a-volume"}}},
        namespaced=False,
        status={"attached": True},
    ),
    "events-new": Kind(
        "events.k8s.io/v1/events", event(), patch={"note": "This is a test event - patched", "series": SERIES}
    ),
    "events-core": Kind("events", core_event(), patch={"message": "This is a test event - patched", "series": SERIES}),
    "replicationcontrollers": Kind(
        "replicationcontrollers",
        {"spec": {"replicas": 1, "selector": {"app": "x"}, "template": template()}},
        patch={"spec": {"replicas": 2}},
        status={"conditions": [condition(type="Tested", lastTransitionTime="2026-01-01T00:00:00Z")]},
    ),
    "podtemplates": Kind("podtemplates", {"template": template()}),
    "configmaps": Kind("configmaps", {"data": {"valueName": "value"}}, patch={"data": {"valueName": "value1"}}),
    "serviceaccounts": Kind("serviceaccounts", {}, patch={"automountServiceAccountToken": False}),
    "services": Kind("services", {"spec": {"ports": [{"port": 80}], "selector": {"app": "x"}}}),
    "limitranges": Kind(
        "limitranges",
        {"spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "50m"}, "default": {"cpu": "500m"}}]}},
        patch={
            "spec": {"limits": [{"type": "Container", "default": {"cpu": "600m"}, "defaultRequest": {"cpu": "60m"}}]}
        },
    ),
    "resourcequotas": Kind(
        "resourcequotas",
        {"spec": {"hard": {"cpu": "500m", "memory": "500Mi"}}},
        patch={"spec": {"hard": {"cpu": "750m", "memory": "750Mi"}}},
    ),
    "nodes": Kind("nodes", {}, namespaced=False),
}
