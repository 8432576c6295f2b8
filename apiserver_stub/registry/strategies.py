"""Which strategy a resource has: the one place that knows all kinds with rules of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from apiserver_stub.registry import base
from apiserver_stub.registry.admissionregistration import policy, policybinding, webhookconfiguration
from apiserver_stub.registry.apiextensions import customresourcedefinition
from apiserver_stub.registry.apiregistration import apiservice
from apiserver_stub.registry.apps import controllerrevision, daemonset, deployment, replicaset, statefulset
from apiserver_stub.registry.autoscaling import horizontalpodautoscaler
from apiserver_stub.registry.batch import cronjob, job
from apiserver_stub.registry.certificates import certificatesigningrequest
from apiserver_stub.registry.coordination import lease
from apiserver_stub.registry.core import (
    configmap,
    endpoints,
    event,
    limitrange,
    namespace,
    node,
    persistentvolume,
    persistentvolumeclaim,
    pod,
    podtemplate,
    replicationcontroller,
    resourcequota,
    secret,
    service,
    serviceaccount,
)
from apiserver_stub.registry.discovery import endpointslice
from apiserver_stub.registry.events import event as new_event
from apiserver_stub.registry.flowcontrol import flowschema, prioritylevelconfiguration
from apiserver_stub.registry.networking import ingress, ingressclass, ipaddress, networkpolicy, servicecidr
from apiserver_stub.registry.node import runtimeclass
from apiserver_stub.registry.policy import poddisruptionbudget
from apiserver_stub.registry.rbac import binding, role
from apiserver_stub.registry.resource import deviceclass, resourceclaim, resourceclaimtemplate, resourceslice
from apiserver_stub.registry.scheduling import priorityclass
from apiserver_stub.registry.storage import (
    csidriver,
    csinode,
    csistoragecapacity,
    storageclass,
    volumeattachment,
    volumeattributesclass,
)
from apiserver_stub.schema import kinds

_STRATEGIES: Final[Mapping[tuple[str, str], Callable[[kinds.Resource, base.View], base.Kind]]] = {
    ("", "configmaps"): configmap.ConfigMaps,
    ("", "endpoints"): endpoints.Endpoints,
    ("", "events"): event.Events,
    ("", "limitranges"): limitrange.LimitRanges,
    ("", "namespaces"): namespace.Namespaces,
    ("", "nodes"): node.Nodes,
    ("", "persistentvolumeclaims"): persistentvolumeclaim.PersistentVolumeClaims,
    ("", "persistentvolumes"): persistentvolume.PersistentVolumes,
    ("", "pods"): pod.Pods,
    ("", "podtemplates"): podtemplate.PodTemplates,
    ("", "replicationcontrollers"): replicationcontroller.ReplicationControllers,
    ("", "resourcequotas"): resourcequota.ResourceQuotas,
    ("", "secrets"): secret.Secrets,
    ("", "serviceaccounts"): serviceaccount.ServiceAccounts,
    ("", "services"): service.Services,
    ("apps", "controllerrevisions"): controllerrevision.ControllerRevisions,
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"): policy.MutatingAdmissionPolicies,
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"): policybinding.MutatingPolicyBindings,
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    ): webhookconfiguration.MutatingWebhookConfigurations,
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): policy.ValidatingAdmissionPolicies,
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): policybinding.PolicyBindings,
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): webhookconfiguration.WebhookConfigurations,
    ("apiextensions.k8s.io", "customresourcedefinitions"): customresourcedefinition.CustomResourceDefinitions,
    ("apiregistration.k8s.io", "apiservices"): apiservice.APIServices,
    ("apps", "daemonsets"): daemonset.DaemonSets,
    ("apps", "deployments"): deployment.Deployments,
    ("apps", "replicasets"): replicaset.ReplicaSets,
    ("apps", "statefulsets"): statefulset.StatefulSets,
    ("autoscaling", "horizontalpodautoscalers"): horizontalpodautoscaler.strategy,
    ("batch", "cronjobs"): cronjob.CronJobs,
    ("batch", "jobs"): job.Jobs,
    ("certificates.k8s.io", "certificatesigningrequests"): certificatesigningrequest.CertificateSigningRequests,
    ("coordination.k8s.io", "leases"): lease.Leases,
    ("discovery.k8s.io", "endpointslices"): endpointslice.EndpointSlices,
    ("events.k8s.io", "events"): new_event.Events,
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): flowschema.FlowSchemas,
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): (
        prioritylevelconfiguration.PriorityLevelConfigurations
    ),
    ("networking.k8s.io", "ingressclasses"): ingressclass.IngressClasses,
    ("networking.k8s.io", "ingresses"): ingress.Ingresses,
    ("networking.k8s.io", "ipaddresses"): ipaddress.IPAddresses,
    ("networking.k8s.io", "networkpolicies"): networkpolicy.NetworkPolicies,
    ("networking.k8s.io", "servicecidrs"): servicecidr.ServiceCIDRs,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): binding.Bindings,
    ("rbac.authorization.k8s.io", "clusterroles"): role.ClusterRoles,
    ("rbac.authorization.k8s.io", "rolebindings"): binding.Bindings,
    ("rbac.authorization.k8s.io", "roles"): role.Roles,
    ("resource.k8s.io", "deviceclasses"): deviceclass.DeviceClasses,
    ("resource.k8s.io", "resourceclaims"): resourceclaim.ResourceClaims,
    ("resource.k8s.io", "resourceclaimtemplates"): resourceclaimtemplate.ResourceClaimTemplates,
    ("resource.k8s.io", "resourceslices"): resourceslice.ResourceSlices,
    ("node.k8s.io", "runtimeclasses"): runtimeclass.RuntimeClasses,
    ("policy", "poddisruptionbudgets"): poddisruptionbudget.PodDisruptionBudgets,
    ("scheduling.k8s.io", "priorityclasses"): priorityclass.PriorityClasses,
    ("storage.k8s.io", "csidrivers"): csidriver.CSIDrivers,
    ("storage.k8s.io", "csinodes"): csinode.CSINodes,
    ("storage.k8s.io", "csistoragecapacities"): csistoragecapacity.CSIStorageCapacities,
    ("storage.k8s.io", "storageclasses"): storageclass.StorageClasses,
    ("storage.k8s.io", "volumeattachments"): volumeattachment.VolumeAttachments,
    ("storage.k8s.io", "volumeattributesclasses"): volumeattributesclass.VolumeAttributesClasses,
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
            make = _STRATEGIES.get((resource.group, resource.name), base.Kind)
            found = self._made[key] = make(resource, self._view)
            found.issues_tokens = self._issues_tokens
        return found


_BLIND: Final = Strategies(base.NoView())


def for_resource(resource: kinds.Resource) -> base.Kind:
    """The strategy of a resource that sees no other objects: no admission of Pods, every address is free."""
    return _BLIND.for_resource(resource)
