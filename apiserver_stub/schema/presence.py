"""Facts about Go's API structs that OpenAPI leaves out: what an answer holds though nobody set it, and type names.

Kubernetes answers with what its Go structs encode to. A field that is optional for clients is still encoded when it
is a struct by value ({}), a time by value (null), or has no `omitempty`; and an empty value that a client did send
vanishes unless the field is a pointer. Read off a real server's answers; names are those of the definitions.
"""

from __future__ import annotations

from typing import Any, Final

# Packages whose pointers are listed below. Elsewhere a scalar that a client sent is kept as it is.
_COVERED: Final = (
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.",
    "io.k8s.api.apps.v1.",
    "io.k8s.api.autoscaling.v1.",
    "io.k8s.api.autoscaling.v2.",
    "io.k8s.api.batch.v1.",
    "io.k8s.api.coordination.v1.",
    "io.k8s.api.core.v1.",
    "io.k8s.api.discovery.v1.",
    "io.k8s.api.events.v1.",
    "io.k8s.api.networking.v1.",
    "io.k8s.api.policy.v1.",
    "io.k8s.api.scheduling.v1.",
    "io.k8s.api.storage.v1.",
    "io.k8s.api.rbac.v1.",
    "io.k8s.api.resource.v1.",
    "io.k8s.apimachinery.pkg.apis.meta.v1.",
)

# Optional scalars that are pointers: their zero value is kept. "*" means all of them.
_POINTERS: Final = {
    "apiextensions.v1.CustomResourceDefinitionVersion": "deprecationWarning",
    "apiextensions.v1.CustomResourceSubresourceScale": "labelSelectorPath",
    "apiextensions.v1.JSONSchemaProps": (
        "$ref maxItems maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf "
        "x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-preserve-unknown-fields"
    ),
    "apiextensions.v1.ServiceReference": "*",
    "apiextensions.v1.ValidationRule": "optionalOldSelf reason",
    "apiextensions.v1.WebhookClientConfig": "url",
    "apps.v1.DaemonSetSpec": "revisionHistoryLimit",
    "apps.v1.DaemonSetStatus": "collisionCount",
    "apps.v1.DeploymentSpec": "progressDeadlineSeconds replicas revisionHistoryLimit",
    "apps.v1.DeploymentStatus": "collisionCount terminatingReplicas",
    "apps.v1.ReplicaSetSpec": "replicas",
    "apps.v1.ReplicaSetStatus": "terminatingReplicas",
    "apps.v1.RollingUpdateDaemonSet": "*",
    "apps.v1.RollingUpdateDeployment": "*",
    "apps.v1.RollingUpdateStatefulSetStrategy": "*",
    "apps.v1.StatefulSetSpec": "replicas revisionHistoryLimit",
    "apps.v1.StatefulSetStatus": "collisionCount",
    "autoscaling.v1.HorizontalPodAutoscalerSpec": "*",
    "autoscaling.v1.HorizontalPodAutoscalerStatus": "*",
    "autoscaling.v2.HPAScalingRules": "*",
    "autoscaling.v2.HorizontalPodAutoscalerSpec": "minReplicas",
    "autoscaling.v2.HorizontalPodAutoscalerStatus": "observedGeneration",
    "autoscaling.v2.MetricTarget": "*",
    "autoscaling.v2.MetricValueStatus": "*",
    "batch.v1.CronJobSpec": (
        "failedJobsHistoryLimit startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone"
    ),
    "batch.v1.JobSpec": "*",
    "batch.v1.JobStatus": "failedIndexes ready terminating",
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": "*",
    "batch.v1.SuccessPolicyRule": "*",
    "coordination.v1.LeaseSpec": "*",
    "core.v1.AppArmorProfile": "*",
    "core.v1.AzureDiskVolumeSource": "*",
    "core.v1.AzureFilePersistentVolumeSource": "secretNamespace",
    "core.v1.CSIVolumeSource": "*",
    "core.v1.ClientIPConfig": "*",
    "core.v1.ClusterTrustBundleProjection": "*",
    "core.v1.ConfigMap": "immutable",
    "core.v1.ConfigMapEnvSource": "optional",
    "core.v1.ConfigMapKeySelector": "optional",
    "core.v1.ConfigMapProjection": "optional",
    "core.v1.ConfigMapVolumeSource": "defaultMode optional",
    "core.v1.Container": "restartPolicy",
    "core.v1.ContainerStatus": "started stopSignal",
    "core.v1.DownwardAPIVolumeFile": "mode",
    "core.v1.DownwardAPIVolumeSource": "defaultMode",
    "core.v1.EmptyDirVolumeSource": "sizeLimit",
    "core.v1.EndpointAddress": "nodeName",
    "core.v1.EndpointPort": "appProtocol",
    "core.v1.EphemeralContainer": "restartPolicy",
    "core.v1.FCVolumeSource": "lun",
    "core.v1.FileKeySelector": "optional",
    "core.v1.GRPCAction": "service",
    "core.v1.GlusterfsPersistentVolumeSource": "endpointsNamespace",
    "core.v1.HostPathVolumeSource": "type",
    "core.v1.ISCSIPersistentVolumeSource": "initiatorName",
    "core.v1.ISCSIVolumeSource": "initiatorName",
    "core.v1.KeyToPath": "mode",
    "core.v1.Lifecycle": "stopSignal",
    "core.v1.LoadBalancerIngress": "ipMode",
    "core.v1.LocalVolumeSource": "fsType",
    "core.v1.NodeFeatures": "*",
    "core.v1.NodeRuntimeHandlerFeatures": "*",
    "core.v1.NodeSwapStatus": "*",
    "core.v1.PersistentVolumeClaimSpec": "storageClassName volumeAttributesClassName volumeMode",
    "core.v1.PersistentVolumeClaimStatus": "currentVolumeAttributesClassName",
    "core.v1.PersistentVolumeSpec": "volumeAttributesClassName volumeMode",
    "core.v1.PodCertificateProjection": "maxExpirationSeconds",
    "core.v1.PodDNSConfigOption": "value",
    "core.v1.PodResourceClaim": "*",
    "core.v1.PodResourceClaimStatus": "*",
    "core.v1.PodSchedulingGroup": "*",
    "core.v1.PodSecurityContext": "*",
    "core.v1.PodSpec": (
        "activeDeadlineSeconds automountServiceAccountToken enableServiceLinks hostUsers hostnameOverride "
        "preemptionPolicy priority runtimeClassName setHostnameAsFQDN shareProcessNamespace "
        "terminationGracePeriodSeconds"
    ),
    "core.v1.PortStatus": "error",
    "core.v1.Probe": "terminationGracePeriodSeconds",
    "core.v1.ProjectedVolumeSource": "defaultMode",
    "core.v1.ReplicationControllerSpec": "replicas",
    "core.v1.SeccompProfile": "*",
    "core.v1.Secret": "immutable",
    "core.v1.SecretEnvSource": "optional",
    "core.v1.SecretKeySelector": "optional",
    "core.v1.SecretProjection": "optional",
    "core.v1.SecretVolumeSource": "defaultMode optional",
    "core.v1.SecurityContext": "*",
    "core.v1.ServiceAccount": "automountServiceAccountToken",
    "core.v1.ServiceAccountTokenProjection": "expirationSeconds",
    "core.v1.ServicePort": "appProtocol",
    "core.v1.ServiceSpec": (
        "allocateLoadBalancerNodePorts internalTrafficPolicy ipFamilyPolicy loadBalancerClass trafficDistribution"
    ),
    "core.v1.Toleration": "tolerationSeconds",
    "core.v1.TopologySpreadConstraint": "*",
    "core.v1.TypedLocalObjectReference": "apiGroup",
    "core.v1.TypedObjectReference": "*",
    "core.v1.VolumeMount": "mountPropagation recursiveReadOnly",
    "core.v1.VolumeMountStatus": "recursiveReadOnly",
    "core.v1.WindowsSecurityContextOptions": "*",
    "discovery.v1.Endpoint": "*",
    "discovery.v1.EndpointConditions": "*",
    "discovery.v1.EndpointPort": "*",
    "meta.v1.DeleteOptions": "*",
    "meta.v1.ListMeta": "remainingItemCount",
    "meta.v1.ObjectMeta": "deletionGracePeriodSeconds",
    "meta.v1.OwnerReference": "blockOwnerDeletion controller",
    "meta.v1.Preconditions": "*",
    "networking.v1.IngressClassParametersReference": "*",
    "networking.v1.IngressPortStatus": "error",
    "networking.v1.IngressSpec": "ingressClassName",
    "networking.v1.NetworkPolicyPort": "*",
    "policy.v1.PodDisruptionBudgetSpec": "*",
    "resource.v1.AllocatedDeviceStatus": "shareID",
    "resource.v1.CapacityRequestPolicy": "*",
    "resource.v1.CapacityRequestPolicyRange": "*",
    "resource.v1.Device": "allNodes allowMultipleAllocations bindsToNode nodeName",
    "resource.v1.DeviceAttribute": "*",
    "resource.v1.DeviceClassSpec": "extendedResourceName",
    "resource.v1.DeviceConstraint": "*",
    "resource.v1.DeviceRequestAllocationResult": "adminAccess shareID",
    "resource.v1.DeviceToleration": "tolerationSeconds",
    "resource.v1.ExactDeviceRequest": "adminAccess",
    "resource.v1.NodeAllocatableResourceMapping": "*",
    "resource.v1.ResourceSliceSpec": "allNodes nodeName perDeviceNodeSelection",
    "scheduling.v1.PriorityClass": "preemptionPolicy",
    "storage.v1.CSIDriverSpec": "*",
    "storage.v1.StorageClass": "allowVolumeExpansion reclaimPolicy volumeBindingMode",
    "storage.v1.TokenRequest": "*",
    "storage.v1.VolumeAttachmentSource": "*",
    "storage.v1.VolumeError": "errorCode",
    "storage.v1.VolumeNodeResources": "*",
}

# Optional structs by value, besides every metadata, and spec and status of a kind.
_STRUCTS: Final = {
    "apiextensions.v1.CustomResourceDefinitionStatus": "acceptedNames",
    "apps.v1.DaemonSetSpec": "updateStrategy",
    "apps.v1.DeploymentSpec": "strategy",
    "apps.v1.ReplicaSetSpec": "template",
    "apps.v1.StatefulSetSpec": "updateStrategy",
    "batch.v1.JobTemplateSpec": "spec",
    "core.v1.Container": "resources",
    "core.v1.ContainerStatus": "lastState state",
    "core.v1.EphemeralContainer": "resources",
    "core.v1.Event": "involvedObject source",
    "core.v1.NodeDaemonEndpoints": "kubeletEndpoint",
    "core.v1.NodeStatus": "daemonEndpoints nodeInfo",
    "core.v1.PersistentVolumeClaimSpec": "resources",
    "core.v1.PodTemplateSpec": "spec",
    "core.v1.ServiceStatus": "loadBalancer",
    "discovery.v1.Endpoint": "conditions",
    "events.v1.Event": "deprecatedSource regarding",
    "networking.v1.IngressServiceBackend": "port",
    "networking.v1.IngressStatus": "loadBalancer",
    "networking.v1.NetworkPolicySpec": "podSelector",
    "resource.v1.AllocationResult": "devices",
    "resource.v1.ResourceClaimSpec": "devices",
}

# Required fields that are pointers: they stay away when nobody set them, and validation asks for them.
_REQUIRED_POINTERS: Final = {
    "networking.v1.HTTPIngressPath": "pathType",
    "networking.v1.IPAddressSpec": "parentRef",
    "resource.v1.CapacityRequestPolicyRange": "min",
}

# Optional fields without `omitempty`, with the value they have when nobody set them.
_VALUES: Final[dict[str, dict[str, Any]]] = {
    "apiextensions.v1.CustomResourceDefinitionStatus": {"conditions": None, "storedVersions": None},
    "apps.v1.StatefulSetSpec": {"serviceName": ""},
    "apps.v1.StatefulSetStatus": {"availableReplicas": 0},
    "autoscaling.v2.HorizontalPodAutoscalerStatus": {"currentMetrics": None},
    "core.v1.Event": {"reportingComponent": "", "reportingInstance": ""},
    "core.v1.LimitRangeSpec": {"limits": None},
    "core.v1.ResourceFieldSelector": {"divisor": "0"},
    "core.v1.ServicePort": {"targetPort": 0},
    "discovery.v1.EndpointSlice": {"endpoints": None, "ports": None},
    "policy.v1.PodDisruptionBudgetStatus": {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    },
    "rbac.v1.ClusterRole": {"rules": None},
    "rbac.v1.Role": {"rules": None},
    "scheduling.v1.PriorityClass": {"value": 0},
    "storage.v1.CSINodeDriver": {"topologyKeys": None},
    "storage.v1.CSINodeSpec": {"drivers": None},
}

# Times by value: null when nobody set them.
_TIMES: Final = frozenset(
    (
        "deprecatedFirstTimestamp",
        "deprecatedLastTimestamp",
        "eventTime",
        "finishedAt",
        "firstTimestamp",
        "lastHeartbeatTime",
        "lastObservedTime",
        "lastProbeTime",
        "lastTimestamp",
        "lastTransitionTime",
        "lastUpdateTime",
        "startedAt",
    )
)

# Named string types, for messages about a value of the wrong type.
_NAMED_STRINGS: Final = {
    "apps.v1.DaemonSetUpdateStrategy.type": "DaemonSetUpdateStrategyType",
    "apps.v1.DeploymentCondition.type": "DeploymentConditionType",
    "apps.v1.DeploymentStrategy.type": "DeploymentStrategyType",
    "apps.v1.StatefulSetSpec.podManagementPolicy": "PodManagementPolicyType",
    "apps.v1.StatefulSetUpdateStrategy.type": "StatefulSetUpdateStrategyType",
    "batch.v1.CronJobSpec.concurrencyPolicy": "ConcurrencyPolicy",
    "batch.v1.JobSpec.completionMode": "CompletionMode",
    "batch.v1.JobSpec.podReplacementPolicy": "PodReplacementPolicy",
    "core.v1.Container.imagePullPolicy": "PullPolicy",
    "core.v1.Container.restartPolicy": "ContainerRestartPolicy",
    "core.v1.Container.terminationMessagePolicy": "TerminationMessagePolicy",
    "core.v1.ContainerPort.protocol": "Protocol",
    "core.v1.EmptyDirVolumeSource.medium": "StorageMedium",
    "core.v1.EndpointPort.protocol": "Protocol",
    "core.v1.HTTPGetAction.scheme": "URIScheme",
    "core.v1.HostPathVolumeSource.type": "HostPathType",
    "core.v1.NamespaceStatus.phase": "NamespacePhase",
    "core.v1.NodeSelectorRequirement.operator": "NodeSelectorOperator",
    "core.v1.PersistentVolumeClaimSpec.volumeMode": "PersistentVolumeMode",
    "core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy": "PersistentVolumeReclaimPolicy",
    "core.v1.PodSpec.dnsPolicy": "DNSPolicy",
    "core.v1.PodSpec.preemptionPolicy": "PreemptionPolicy",
    "core.v1.PodSpec.restartPolicy": "RestartPolicy",
    "core.v1.PodStatus.phase": "PodPhase",
    "core.v1.PodStatus.qosClass": "PodQOSClass",
    "core.v1.SeccompProfile.type": "SeccompProfileType",
    "core.v1.Secret.type": "SecretType",
    "core.v1.SecurityContext.procMount": "ProcMountType",
    "core.v1.ServicePort.protocol": "Protocol",
    "core.v1.ServiceSpec.externalTrafficPolicy": "ServiceExternalTrafficPolicy",
    "core.v1.ServiceSpec.internalTrafficPolicy": "ServiceInternalTrafficPolicy",
    "core.v1.ServiceSpec.ipFamilyPolicy": "IPFamilyPolicy",
    "core.v1.ServiceSpec.sessionAffinity": "ServiceAffinity",
    "core.v1.ServiceSpec.type": "ServiceType",
    "core.v1.Taint.effect": "TaintEffect",
    "core.v1.Toleration.effect": "TaintEffect",
    "core.v1.Toleration.operator": "TolerationOperator",
    "core.v1.TopologySpreadConstraint.whenUnsatisfiable": "UnsatisfiableConstraintAction",
    "core.v1.VolumeMount.mountPropagation": "MountPropagationMode",
    "discovery.v1.EndpointSlice.addressType": "AddressType",
    "meta.v1.LabelSelectorRequirement.operator": "LabelSelectorOperator",
    "meta.v1.ObjectMeta.uid": "types.UID",
    "meta.v1.OwnerReference.uid": "types.UID",
}


def short(name: str) -> str:
    """io.k8s.api.core.v1.Pod -> core.v1.Pod."""
    return name.removeprefix("io.k8s.api.").rpartition(".pkg.apis.")[2]


def keeps_zero(definition: str, field: str) -> bool:
    """Whether an optional scalar stays when a client sent its zero value."""
    if not definition.startswith(_COVERED):
        return True
    pointers = _POINTERS.get(short(definition), "")
    return pointers == "*" or field in pointers.split()


def is_value_struct(definition: str, field: str, *, top_level: bool, referred: str) -> bool:
    """Whether an optional field that refers to the definition `referred` is {} when nobody set it."""
    if referred == "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta":
        return True
    return (top_level and field in ("spec", "status")) or field in _STRUCTS.get(short(definition), "").split()


def is_pointer(definition: str, field: str) -> bool:
    """Whether a required field is nevertheless left out when nobody set it."""
    return field in _REQUIRED_POINTERS.get(short(definition), "").split()


def is_value_time(field: str) -> bool:
    return field in _TIMES


def values(definition: str) -> dict[str, Any]:
    """Values of fields that are always there."""
    return _VALUES.get(short(definition), {})


def string_type(definition: str, field: str) -> str:
    """The Go type of a string field."""
    named = _NAMED_STRINGS.get(f"{short(definition)}.{field}")
    if named is None:
        return "string"
    return named if "." in named else f"{definition.split('.')[-2]}.{named}"
