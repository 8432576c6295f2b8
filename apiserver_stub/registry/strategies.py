"""Which strategy a resource has: the one place that knows all kinds with rules of their own.

Their modules are named, not imported: a node loads the rules of the kinds that are written on it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Final

from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

# By group and resource: module under apiserver_stub.registry, and the class or function that makes the strategy.
_STRATEGIES: Final[Mapping[str, Mapping[str, str]]] = {
    "": {
        "configmaps": "core.configmap:ConfigMaps",
        "endpoints": "core.endpoints:Endpoints",
        "events": "core.event:Events",
        "limitranges": "core.limitrange:LimitRanges",
        "namespaces": "core.namespace:Namespaces",
        "nodes": "core.node:Nodes",
        "persistentvolumeclaims": "core.persistentvolumeclaim:PersistentVolumeClaims",
        "persistentvolumes": "core.persistentvolume:PersistentVolumes",
        "pods": "core.pod:Pods",
        "podtemplates": "core.podtemplate:PodTemplates",
        "replicationcontrollers": "core.replicationcontroller:ReplicationControllers",
        "resourcequotas": "core.resourcequota:ResourceQuotas",
        "secrets": "core.secret:Secrets",
        "serviceaccounts": "core.serviceaccount:ServiceAccounts",
        "services": "core.service:Services",
    },
    "admissionregistration.k8s.io": {
        "mutatingadmissionpolicies": "admissionregistration.policy:MutatingAdmissionPolicies",
        "mutatingadmissionpolicybindings": "admissionregistration.policybinding:MutatingPolicyBindings",
        "mutatingwebhookconfigurations": "admissionregistration.webhookconfiguration:MutatingWebhookConfigurations",
        "validatingadmissionpolicies": "admissionregistration.policy:ValidatingAdmissionPolicies",
        "validatingadmissionpolicybindings": "admissionregistration.policybinding:PolicyBindings",
        "validatingwebhookconfigurations": "admissionregistration.webhookconfiguration:WebhookConfigurations",
    },
    "apiextensions.k8s.io": {
        "customresourcedefinitions": "apiextensions.customresourcedefinition:CustomResourceDefinitions",
    },
    "apiregistration.k8s.io": {
        "apiservices": "apiregistration.apiservice:APIServices",
    },
    "apps": {
        "controllerrevisions": "apps.controllerrevision:ControllerRevisions",
        "daemonsets": "apps.daemonset:DaemonSets",
        "deployments": "apps.deployment:Deployments",
        "replicasets": "apps.replicaset:ReplicaSets",
        "statefulsets": "apps.statefulset:StatefulSets",
    },
    "autoscaling": {
        "horizontalpodautoscalers": "autoscaling.horizontalpodautoscaler:strategy",
    },
    "batch": {
        "cronjobs": "batch.cronjob:CronJobs",
        "jobs": "batch.job:Jobs",
    },
    "certificates.k8s.io": {
        "certificatesigningrequests": "certificates.certificatesigningrequest:CertificateSigningRequests",
    },
    "coordination.k8s.io": {
        "leases": "coordination.lease:Leases",
    },
    "discovery.k8s.io": {
        "endpointslices": "discovery.endpointslice:EndpointSlices",
    },
    "events.k8s.io": {
        "events": "events.event:Events",
    },
    "flowcontrol.apiserver.k8s.io": {
        "flowschemas": "flowcontrol.flowschema:FlowSchemas",
        "prioritylevelconfigurations": "flowcontrol.prioritylevelconfiguration:PriorityLevelConfigurations",
    },
    "networking.k8s.io": {
        "ingressclasses": "networking.ingressclass:IngressClasses",
        "ingresses": "networking.ingress:Ingresses",
        "ipaddresses": "networking.ipaddress:IPAddresses",
        "networkpolicies": "networking.networkpolicy:NetworkPolicies",
        "servicecidrs": "networking.servicecidr:ServiceCIDRs",
    },
    "node.k8s.io": {
        "runtimeclasses": "node.runtimeclass:RuntimeClasses",
    },
    "policy": {
        "poddisruptionbudgets": "policy.poddisruptionbudget:PodDisruptionBudgets",
    },
    "rbac.authorization.k8s.io": {
        "clusterrolebindings": "rbac.binding:Bindings",
        "clusterroles": "rbac.role:ClusterRoles",
        "rolebindings": "rbac.binding:Bindings",
        "roles": "rbac.role:Roles",
    },
    "resource.k8s.io": {
        "deviceclasses": "resource.deviceclass:DeviceClasses",
        "resourceclaims": "resource.resourceclaim:ResourceClaims",
        "resourceclaimtemplates": "resource.resourceclaimtemplate:ResourceClaimTemplates",
        "resourceslices": "resource.resourceslice:ResourceSlices",
    },
    "scheduling.k8s.io": {
        "priorityclasses": "scheduling.priorityclass:PriorityClasses",
    },
    "storage.k8s.io": {
        "csidrivers": "storage.csidriver:CSIDrivers",
        "csinodes": "storage.csinode:CSINodes",
        "csistoragecapacities": "storage.csistoragecapacity:CSIStorageCapacities",
        "storageclasses": "storage.storageclass:StorageClasses",
        "volumeattachments": "storage.volumeattachment:VolumeAttachments",
        "volumeattributesclasses": "storage.volumeattributesclass:VolumeAttributesClasses",
    },
}


class Strategies:
    """Strategies that see other objects through one view; each is made when it is first asked for.

    issues_tokens: whether Pods get the volume with their ServiceAccount's token.
    """

    def __init__(self, view: base.View, *, issues_tokens: bool = False) -> None:
        self._view = view
        self._issues_tokens = issues_tokens
        self._made: dict[tuple[str, str, str], base.Kind] = {}

    def for_resource(self, resource: kinds.Resource) -> base.Kind:
        key = (resource.group, resource.version, resource.name)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = _maker(resource)(resource, self._view)
            found.issues_tokens = self._issues_tokens
        return found


def _maker(resource: kinds.Resource) -> Callable[[kinds.Resource, base.View], base.Kind]:
    place = _STRATEGIES.get(resource.group, {}).get(resource.name)
    if place is None:
        return base.Kind
    module, _, name = place.partition(":")
    found: Callable[[kinds.Resource, base.View], base.Kind]
    found = getattr(importlib.import_module(f"apiserver_stub.registry.{module}"), name)
    return found


_BLIND: Final = Strategies(base.NoView())


def for_resource(resource: kinds.Resource) -> base.Kind:
    """The strategy of a resource that sees no other objects: no admission of Pods, every address is free."""
    return _BLIND.for_resource(resource)
