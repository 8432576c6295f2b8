"""The defaults of all kinds, by definition name; those of Pod templates come from podspec/defaults.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.registry.autoscaling import defaults as autoscaling
from apiserver_stub.registry.defaults import Apply, Defaulter, fill
from apiserver_stub.registry.networking import defaults as networking
from apiserver_stub.registry.podspec import defaults as podspec
from apiserver_stub.registry.rbac import defaults as rbac
from apiserver_stub.registry.resource import defaults as resource
from apiserver_stub.registry.storage import defaults as storage
from apiserver_stub.schema import openapi, plan

Object = dict[str, Any]


def _namespace(obj: Object) -> None:
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _replication_controller(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        spec.setdefault("selector", dict(labels))
        obj["metadata"].setdefault("labels", dict(labels))


def _deployment_strategy(strategy: Object) -> None:
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _daemon_set_strategy(strategy: Object) -> None:
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _stateful_set(spec: Object) -> None:
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec["updateStrategy"]
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["kind"], claim["apiVersion"] = "PersistentVolumeClaim", "v1"


def _job(obj: Object) -> None:
    spec = obj["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2**31 - 1 if spec.get("backoffLimitPerIndex") is not None else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    policy = spec.get("podFailurePolicy")
    spec.setdefault("podReplacementPolicy", "Failed" if policy is not None else "TerminatingOrFailed")
    for rule in (policy or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")


def _service(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        if (config.get("clientIP") or {}).get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    kind = spec.setdefault("type", "ClusterIP")
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if external:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def _service_port(port: Object) -> None:
    port.setdefault("protocol", "TCP")
    if port.get("targetPort") in (0, "", None):
        port["targetPort"] = port.get("port", 0)


def _endpoint_slice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _node_status(status: Object) -> None:
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")


_TABLE: Final[Mapping[str, Apply]] = {
    **autoscaling.TABLE,
    **networking.TABLE,
    **rbac.TABLE,
    **resource.TABLE,
    **podspec.TABLE,
    **storage.TABLE,
    "apps.v1.DaemonSetSpec": fill(revisionHistoryLimit=10),
    "apps.v1.DaemonSetUpdateStrategy": _daemon_set_strategy,
    "apps.v1.DeploymentSpec": fill(replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600),
    "apps.v1.DeploymentStrategy": _deployment_strategy,
    "apps.v1.ReplicaSetSpec": fill(replicas=1),
    "apps.v1.StatefulSetSpec": _stateful_set,
    "batch.v1.CronJobSpec": fill(
        concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1
    ),
    "batch.v1.Job": _job,
    "core.v1.EndpointPort": fill(protocol="TCP"),
    "core.v1.Namespace": _namespace,
    "core.v1.NamespaceStatus": fill(phase="Active"),
    "core.v1.NodeStatus": _node_status,
    "core.v1.PodStatus": fill(phase="Pending"),
    "core.v1.ReplicationController": _replication_controller,
    "core.v1.Secret": _secret,
    "core.v1.Service": _service,
    "core.v1.ServicePort": _service_port,
    "discovery.v1.EndpointSlice": _endpoint_slice,
}

DEFAULTER: Final = Defaulter(_TABLE)


def empty_status(node: openapi.Node, obj: Object) -> None:
    """Puts the status that a new object has: what Go encodes for an empty struct, and defaults."""
    status = node.field("status")
    if status is None or status.type != "object":
        return
    fresh = plan.plan_for(status).convert({})
    DEFAULTER.apply(status, fresh)
    obj["status"] = fresh
