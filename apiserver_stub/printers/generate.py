"""Build-time tool: writes descriptions.json, the descriptions of Table columns, next to this file.

    python -m apiserver_stub.printers.generate

Most columns are described by the schema's text of the field they show; the others have words of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson

from apiserver_stub.schema import facts, kinds, openapi

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

# "@Definition#field" takes that field's description; definitions' names begin with "io.k8s.api." unless they say so.
COMMON: Final = {
    "Name": f"@{_META}#name",
    "Age": f"@{_META}#creationTimestamp",
    "Created At": f"@{_META}#creationTimestamp",
    "Containers": "Names of each container in the template.",
    "Images": "Images referenced by each container in the template.",
}

_CLAIM = "@core.v1.PersistentVolumeClaimSpec"
_VOLUME = "@core.v1.PersistentVolumeSpec"
_SERVICE = "@core.v1.ServiceSpec"
_EVENT = {
    "Last Seen": "@core.v1.Event#lastTimestamp",
    "Type": "@core.v1.Event#type",
    "Reason": "@core.v1.Event#reason",
    "Object": "@core.v1.Event#involvedObject",
    "Subobject": "@core.v1.ObjectReference#fieldPath",
    "Source": "@core.v1.Event#source",
    "Message": "@core.v1.Event#message",
    "First Seen": "@core.v1.Event#firstTimestamp",
    "Count": "@core.v1.Event#count",
}
_WEBHOOKS = {"Webhooks": "Webhooks indicates the number of webhooks registered in this configuration"}
_PARAM_KIND = "ParamKind specifies the kind of resources used to parameterize this policy"
_BINDING = {
    "PolicyName": "PolicyName indicates the policy definition which the policy binding binded to",
    "ParamRef": "ParamRef indicates the param resource which sets the configration param",
}
_SIGNER = """Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. \
If empty, it will be defaulted:
 1. If it's a kubelet client certificate, it is assigned
    "kubernetes.io/kube-apiserver-client-kubelet".
 2. If it's a kubelet serving certificate, it is assigned
    "kubernetes.io/kubelet-serving".
 3. Otherwise, it is assigned "kubernetes.io/legacy-unknown".
Distribution of trust for signers happens out of band. You can select on this field using `spec.signerName`."""


def _role(scope: str, owner: str) -> dict[str, str]:
    return {
        "Role": f"RoleRef can {scope} If the RoleRef cannot be resolved, the Authorizer must return an error.",
        "Users": f"Users in the {owner}",
        "Groups": f"Groups in the {owner}",
        "ServiceAccounts": f"ServiceAccounts in the {owner}",
    }


COLUMNS: Final[dict[str, dict[str, str]]] = {
    "componentstatuses": {
        "Status": "Status of the component conditions",
        "Message": "Message of the component conditions",
        "Error": "Error of the component conditions",
    },
    "configmaps": {"Data": "@core.v1.ConfigMap#data"},
    "endpoints": {"Endpoints": "@core.v1.Endpoints#subsets"},
    "events": _EVENT,
    "namespaces": {"Status": "The status of the namespace"},
    "nodes": {
        "Status": "The status of the node",
        "Roles": "The roles of the node",
        "Version": "@core.v1.NodeSystemInfo#kubeletVersion",
        "Internal-IP": "@core.v1.NodeStatus#addresses",
        "External-IP": "@core.v1.NodeStatus#addresses",
        "OS-Image": "@core.v1.NodeSystemInfo#osImage",
        "Kernel-Version": "@core.v1.NodeSystemInfo#kernelVersion",
        "Container-Runtime": "@core.v1.NodeSystemInfo#containerRuntimeVersion",
    },
    "persistentvolumeclaims": {
        "Status": "@core.v1.PersistentVolumeClaimStatus#phase",
        "Volume": f"{_CLAIM}#volumeName",
        "Capacity": "@core.v1.PersistentVolumeClaimStatus#capacity",
        "Access Modes": "@core.v1.PersistentVolumeClaimStatus#accessModes",
        "StorageClass": "StorageClass of the pvc",
        "VolumeAttributesClass": "VolumeAttributesClass of the pvc",
        "VolumeMode": f"{_CLAIM}#volumeMode",
    },
    "persistentvolumes": {
        "Capacity": f"{_VOLUME}#capacity",
        "Access Modes": f"{_VOLUME}#accessModes",
        "Reclaim Policy": f"{_VOLUME}#persistentVolumeReclaimPolicy",
        "Status": "@core.v1.PersistentVolumeStatus#phase",
        "Claim": f"{_VOLUME}#claimRef",
        "StorageClass": "StorageClass of the pv",
        "VolumeAttributesClass": "VolumeAttributesClass of the pv",
        "Reason": "@core.v1.PersistentVolumeStatus#reason",
        "VolumeMode": f"{_VOLUME}#volumeMode",
    },
    "pods": {
        "Ready": "The aggregate readiness state of this pod for accepting traffic.",
        "Status": "The aggregate status of the containers in this pod.",
        "Restarts": "The number of times the containers in this pod have been restarted and when the last container "
        "in this pod has restarted.",
        "IP": "@core.v1.PodStatus#podIP",
        "Node": "@core.v1.PodSpec#nodeName",
        "Nominated Node": "@core.v1.PodStatus#nominatedNodeName",
        "Readiness Gates": "@core.v1.PodSpec#readinessGates",
    },
    "podtemplates": {"Pod Labels": "The labels for the pod template."},
    "replicationcontrollers": {
        "Desired": "@core.v1.ReplicationControllerSpec#replicas",
        "Current": "@core.v1.ReplicationControllerStatus#replicas",
        "Ready": "@core.v1.ReplicationControllerStatus#readyReplicas",
        "Selector": "@core.v1.ReplicationControllerSpec#selector",
    },
    "resourcequotas": {
        "Request": "Request represents a minimum amount of cpu/memory that a container may consume.",
        "Limit": "Limits control the maximum amount of cpu/memory that a container may use independent of contention "
        "on the node.",
    },
    "secrets": {"Type": "@core.v1.Secret#type", "Data": "@core.v1.Secret#data"},
    "services": {
        "Type": f"{_SERVICE}#type",
        "Cluster-IP": f"{_SERVICE}#clusterIP",
        "External-IP": f"{_SERVICE}#externalIPs",
        "Port(s)": f"{_SERVICE}#ports",
        "Selector": f"{_SERVICE}#selector",
    },
    "apiservices": {
        "Service": "The reference to the service that hosts this API endpoint.",
        "Available": "Whether this service is available.",
    },
    "controllerrevisions": {
        "Controller": "Controller of the object",
        "Revision": "@apps.v1.ControllerRevision#revision",
    },
    "daemonsets": {
        "Desired": "@apps.v1.DaemonSetStatus#desiredNumberScheduled",
        "Current": "@apps.v1.DaemonSetStatus#currentNumberScheduled",
        "Ready": "@apps.v1.DaemonSetStatus#numberReady",
        "Up-to-date": "@apps.v1.DaemonSetStatus#updatedNumberScheduled",
        "Available": "@apps.v1.DaemonSetStatus#numberAvailable",
        "Node Selector": "@core.v1.PodSpec#nodeSelector",
        "Selector": "@apps.v1.DaemonSetSpec#selector",
    },
    "deployments": {
        "Ready": "Number of the pod with ready state",
        "Up-to-date": "@apps.v1.DeploymentStatus#updatedReplicas",
        "Available": "@apps.v1.DeploymentStatus#availableReplicas",
        "Selector": "@apps.v1.DeploymentSpec#selector",
    },
    "replicasets": {
        "Desired": "@apps.v1.ReplicaSetSpec#replicas",
        "Current": "@apps.v1.ReplicaSetStatus#replicas",
        "Ready": "@apps.v1.ReplicaSetStatus#readyReplicas",
        "Selector": "@apps.v1.ReplicaSetSpec#selector",
    },
    "statefulsets": {"Ready": "Number of the pod with ready state"},
    "horizontalpodautoscalers": {
        "Reference": "@autoscaling.v2.HorizontalPodAutoscalerSpec#scaleTargetRef",
        "Targets": "@autoscaling.v2.HorizontalPodAutoscalerSpec#metrics",
        "MinPods": "@autoscaling.v2.HorizontalPodAutoscalerSpec#minReplicas",
        "MaxPods": "@autoscaling.v2.HorizontalPodAutoscalerSpec#maxReplicas",
        "Replicas": "@autoscaling.v2.HorizontalPodAutoscalerStatus#currentReplicas",
    },
    "cronjobs": {
        "Schedule": "@batch.v1.CronJobSpec#schedule",
        "Timezone": "@batch.v1.CronJobSpec#timeZone",
        "Suspend": "@batch.v1.CronJobSpec#suspend",
        "Active": "@batch.v1.CronJobStatus#active",
        "Last Schedule": "@batch.v1.CronJobStatus#lastScheduleTime",
        "Selector": "@batch.v1.JobSpec#selector",
    },
    "jobs": {
        "Status": "Status of the job.",
        "Completions": "@batch.v1.JobStatus#succeeded",
        "Duration": "Time required to complete the job.",
        "Selector": "@batch.v1.JobSpec#selector",
    },
    "certificatesigningrequests": {
        "SignerName": _SIGNER,
        # What Kubernetes says here is a slip of its own: the column shows the user.
        "Requestor": "Base64-encoded PKCS#10 CSR data",
        "RequestedDuration": "@certificates.v1.CertificateSigningRequestSpec#expirationSeconds",
        "Condition": "Conditions applied to the request, such as approval or denial.",
    },
    "ingressclasses": {
        "Controller": "Controller that is responsible for handling this class",
        "Parameters": "A reference to a resource with additional parameters",
    },
    "ingresses": {
        "Class": "The name of the IngressClass resource that should be used for additional configuration",
        "Hosts": "Hosts that incoming requests are matched against before the ingress rule",
        "Address": "Address is a list containing ingress points for the load-balancer",
        "Ports": "Ports of TLS configurations that open",
    },
    "ipaddresses": {"ParentRef": "@networking.v1.IPAddressSpec#parentRef"},
    "networkpolicies": {"Pod-Selector": "@networking.v1.NetworkPolicySpec#podSelector"},
    "servicecidrs": {"CIDRs": "@networking.v1.ServiceCIDRSpec#cidrs"},
    "poddisruptionbudgets": {
        "Min Available": "The minimum number of pods that must be available.",
        "Max Unavailable": "The maximum number of pods that may be unavailable.",
        "Allowed Disruptions": "Calculated number of pods that may be disrupted at this time.",
    },
    "clusterrolebindings": _role("only reference a ClusterRole in the global namespace.", "clusterRoleBinding"),
    "rolebindings": _role(
        "reference a Role in the current namespace or a ClusterRole in the global namespace.", "roleBinding"
    ),
    "csidrivers": {
        "AttachRequired": "@storage.v1.CSIDriverSpec#attachRequired",
        "PodInfoOnMount": "@storage.v1.CSIDriverSpec#podInfoOnMount",
        "StorageCapacity": "@storage.v1.CSIDriverSpec#storageCapacity",
        "TokenRequests": "@storage.v1.CSIDriverSpec#tokenRequests",
        "RequiresRepublish": "@storage.v1.CSIDriverSpec#requiresRepublish",
        "Modes": "@storage.v1.CSIDriverSpec#volumeLifecycleModes",
    },
    "csinodes": {"Drivers": "Drivers indicates the number of CSI drivers registered on the node"},
    "storageclasses": {
        "Provisioner": "@storage.v1.StorageClass#provisioner",
        "ReclaimPolicy": "@storage.v1.StorageClass#reclaimPolicy",
        "VolumeBindingMode": "@storage.v1.StorageClass#volumeBindingMode",
        "AllowVolumeExpansion": "@storage.v1.StorageClass#allowVolumeExpansion",
    },
    "volumeattachments": {
        "Attacher": "@storage.v1.VolumeAttachmentSpec#attacher",
        "PV": "@storage.v1.VolumeAttachmentSource#persistentVolumeName",
        "Node": "@storage.v1.VolumeAttachmentSpec#nodeName",
        "Attached": "@storage.v1.VolumeAttachmentStatus#attached",
    },
    "volumeattributesclasses": {"DriverName": "@storage.v1.VolumeAttributesClass#driverName"},
    "mutatingadmissionpolicies": {
        "Mutations": "Mutations indicates the number of mutation rules defined in this configuration",
        "ParamKind": _PARAM_KIND,
    },
    "mutatingadmissionpolicybindings": _BINDING,
    "mutatingwebhookconfigurations": _WEBHOOKS,
    "validatingadmissionpolicies": {
        "Validations": "Validations indicates the number of validation rules defined in this configuration",
        "ParamKind": _PARAM_KIND,
    },
    "validatingadmissionpolicybindings": _BINDING,
    "validatingwebhookconfigurations": _WEBHOOKS,
    "priorityclasses": {
        "Value": "@scheduling.v1.PriorityClass#value",
        "Global-Default": "@scheduling.v1.PriorityClass#globalDefault",
        "PreemptionPolicy": "@scheduling.v1.PriorityClass#preemptionPolicy",
    },
    "leases": {"Holder": "@coordination.v1.LeaseSpec#holderIdentity"},
    "runtimeclasses": {"Handler": ""},
    "endpointslices": {
        "AddressType": "@discovery.v1.EndpointSlice#addressType",
        "Ports": "@discovery.v1.EndpointSlice#ports",
        "Endpoints": "@discovery.v1.EndpointSlice#endpoints",
    },
    "resourceclaims": {"State": "A summary of the current state (allocated, pending, reserved, etc.)."},
    "resourceslices": {
        "Node": "@resource.v1.ResourceSliceSpec#nodeName",
        "Driver": "@resource.v1.ResourceSliceSpec#driver",
        "Pool": "@resource.v1.ResourcePool#name",
    },
    "flowschemas": {
        "PriorityLevel": "@flowcontrol.v1.PriorityLevelConfigurationReference#name",
        "MatchingPrecedence": "@flowcontrol.v1.FlowSchemaSpec#matchingPrecedence",
        "DistinguisherMethod": "@flowcontrol.v1.FlowSchemaSpec#distinguisherMethod",
        "MissingPL": "references a broken or non-existent PriorityLevelConfiguration",
    },
    "prioritylevelconfigurations": {
        "Type": "@flowcontrol.v1.PriorityLevelConfigurationSpec#type",
        "NominalConcurrencyShares": "@flowcontrol.v1.LimitedPriorityLevelConfiguration#nominalConcurrencyShares",
        "Queues": "@flowcontrol.v1.QueuingConfiguration#queues",
        "HandSize": "@flowcontrol.v1.QueuingConfiguration#handSize",
        "QueueLengthLimit": "@flowcontrol.v1.QueuingConfiguration#queueLengthLimit",
    },
}


def describe(words: str, definitions: dict[str, Any]) -> str:
    """The text that `words` stand for; raises KeyError for a field that does not exist."""
    if not words.startswith("@"):
        return words
    name, _, field = words[1:].partition("#")
    full = name if name.startswith("io.") else f"io.k8s.api.{name}"
    return str(definitions[full]["properties"][field]["description"])


def main() -> None:
    definitions = {name: orjson.loads(raw) for name, raw in openapi.full_definitions().items()}
    lines = []
    for resource in kinds.builtin():
        columns = facts.columns(resource)
        if columns is None:
            continue
        words = COMMON | COLUMNS.get(resource.name, {})
        texts = [describe(words[column.name], definitions) for column in columns]
        key = f"{resource.group}/{resource.name}"
        lines.append(orjson.dumps(key) + b":" + orjson.dumps(texts))
    target = Path(__file__).with_name("descriptions.json")
    target.write_bytes(b"{\n" + b",\n".join(dict.fromkeys(lines)) + b"\n}\n")


if __name__ == "__main__":
    main()
