"""How Go prints the API's internal structs as JSON: some error messages quote them whole.

Each table gives a struct's fields in order: (Go name, JSON name, what to print when it is not set).
A nested struct is named by its table instead.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.registry.podspec import golang_devices, golang_volumes

Object = Mapping[str, Any]
# A field of a struct: Go's name, the JSON name ("" for one that clients never see), zero value, nested table, list?
_Field = tuple[str, str, Any, str]


_ZERO: Final[Mapping[str, Any]] = {"": None, '""': "", "0": 0, "f": False, "{}": {}, "-": None}


def _fields(text: str) -> tuple[_Field, ...]:
    """Parses a table: `GoName[:json][=zero][>table]`, words separated by spaces."""
    out = []
    for word in text.split():
        head, _, table = word.partition(">")
        head, _, zero = head.partition("=")
        name, _, json_name = head.partition(":")
        out.append((name, json_name or name[0].lower() + name[1:], _ZERO[zero], table))
    return tuple(out)


_CONTAINER: Final = (
    'Name="" Image="" Command Args WorkingDir="" Ports>ContainerPort EnvFrom>EnvFromSource Env>EnvVar '
    "Resources={}>ResourceRequirements ResizePolicy RestartPolicy RestartPolicyRules VolumeMounts>VolumeMount "
    "VolumeDevices LivenessProbe>Probe ReadinessProbe>Probe StartupProbe>Probe Lifecycle>Lifecycle "
    'TerminationMessagePath="" TerminationMessagePolicy="" ImagePullPolicy="" '
    "SecurityContext>SecurityContext Stdin=f StdinOnce=f TTY:tty=f"
)
_KEY_REF: Final = """Name="" Key="" Optional"""
_TABLES: Final[Mapping[str, tuple[_Field, ...]]] = {
    name: _fields(text)
    for name, text in {
        "SecurityContext": (
            "Capabilities>Capabilities Privileged SELinuxOptions:seLinuxOptions>SELinuxOptions "
            "WindowsOptions>WindowsOptions RunAsUser RunAsGroup RunAsNonRoot ReadOnlyRootFilesystem "
            "AllowPrivilegeEscalation ProcMount SeccompProfile>Profile AppArmorProfile>Profile"
        ),
        "Capabilities": "Add Drop",
        "SELinuxOptions": 'User="" Role="" Type="" Level=""',
        "WindowsOptions": "GMSACredentialSpecName:gmsaCredentialSpecName GMSACredentialSpec:gmsaCredentialSpec "
        "RunAsUserName HostProcess",
        "Profile": 'Type="" LocalhostProfile',
        "ServicePort": 'Name="" Protocol="" AppProtocol Port=0 TargetPort=0 NodePort=0',
        "RollingUpdateStatefulSet": "Partition=0 MaxUnavailable",
        "StatefulSetUpdateStrategy": 'Type="" RollingUpdate>RollingUpdateStatefulSet',
        "PodSpec": (
            "Volumes>Volume InitContainers>Container Containers>Container EphemeralContainers>EphemeralContainer "
            'RestartPolicy="" TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy:dnsPolicy="" NodeSelector '
            'ServiceAccountName="" AutomountServiceAccountToken NodeName="" SecurityContext>PodSecurityContext '
            'ImagePullSecrets>LocalObjectReference Hostname="" Subdomain="" SetHostnameAsFQDN Affinity '
            'SchedulerName="" Tolerations>Toleration HostAliases>HostAlias PriorityClassName="" Priority '
            "PreemptionPolicy DNSConfig:dnsConfig ReadinessGates RuntimeClassName Overhead EnableServiceLinks "
            "TopologySpreadConstraints OS:os SchedulingGates ResourceClaims Resources HostnameOverride SchedulingGroup"
        ),
        "PodSecurityContext": (
            "HostNetwork=f HostPID:hostPID=f HostIPC:hostIPC=f ShareProcessNamespace HostUsers "
            "SELinuxOptions:seLinuxOptions>SELinuxOptions WindowsOptions>WindowsOptions RunAsUser RunAsGroup "
            "RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup:fsGroup "
            "FSGroupChangePolicy:fsGroupChangePolicy Sysctls SeccompProfile>Profile AppArmorProfile>Profile "
            "SELinuxChangePolicy:seLinuxChangePolicy"
        ),
        "LocalObjectReference": 'Name=""',
        "Toleration": 'Key="" Operator="" Value="" Effect="" TolerationSeconds',
        "HostAlias": 'IP:ip="" Hostnames',
        "Container": _CONTAINER,
        "EphemeralContainer": f'{_CONTAINER} TargetContainerName=""',
        "ContainerPort": 'Name="" HostPort=0 ContainerPort=0 Protocol="" HostIP:hostIP=""',
        "EnvFromSource": 'Prefix="" ConfigMapRef>OptionalReference SecretRef>OptionalReference',
        "OptionalReference": 'Name="" Optional',
        "EnvVar": 'Name="" Value="" ValueFrom>EnvVarSource',
        "EnvVarSource": (
            "FieldRef>ObjectFieldSelector ResourceFieldRef>ResourceFieldSelector ConfigMapKeyRef>KeySelector "
            "SecretKeyRef>KeySelector FileKeyRef"
        ),
        "ObjectFieldSelector": 'APIVersion:apiVersion="" FieldPath=""',
        "ResourceFieldSelector": 'ContainerName="" Resource="" Divisor=""',
        "KeySelector": _KEY_REF,
        "ResourceRequirements": "Limits Requests Claims",
        "VolumeMount": 'Name="" ReadOnly=f RecursiveReadOnly MountPath="" SubPath="" MountPropagation SubPathExpr=""',
        "Probe": (
            "Exec>ExecAction HTTPGet:httpGet>HTTPGetAction TCPSocket:tcpSocket>TCPSocketAction GRPC:grpc>GRPCAction "
            "InitialDelaySeconds=0 TimeoutSeconds=0 PeriodSeconds=0 SuccessThreshold=0 FailureThreshold=0 "
            "TerminationGracePeriodSeconds"
        ),
        "ExecAction": "Command",
        "HTTPGetAction": 'Path="" Port=0 Host="" Scheme="" HTTPHeaders:httpHeaders>HTTPHeader',
        "HTTPHeader": 'Name="" Value=""',
        "TCPSocketAction": 'Port=0 Host=""',
        "GRPCAction": "Port=0 Service",
        "Lifecycle": "PostStart>LifecycleHandler PreStop>LifecycleHandler StopSignal",
        "LifecycleHandler": (
            "Exec>ExecAction HTTPGet:httpGet>HTTPGetAction TCPSocket:tcpSocket>TCPSocketAction Sleep>SleepAction"
        ),
        "SleepAction": "Seconds=0",
        "Volume": (
            'Name="" HostPath>HostPath EmptyDir>EmptyDir GCEPersistentDisk:gcePersistentDisk '
            "AWSElasticBlockStore:awsElasticBlockStore GitRepo Secret>SecretVolume NFS:nfs>NFS ISCSI:iscsi Glusterfs "
            "PersistentVolumeClaim>ClaimVolume RBD:rbd Quobyte FlexVolume Cinder CephFS:cephfs Flocker "
            "DownwardAPI:downwardAPI FC:fc AzureFile ConfigMap>ConfigMapVolume VsphereVolume AzureDisk "
            "PhotonPersistentDisk Projected>Projected PortworxVolume ScaleIO:scaleIO StorageOS:storageos CSI:csi "
            "Ephemeral Image"
        ),
        "HostPath": 'Path="" Type',
        "EmptyDir": 'Medium="" SizeLimit',
        "SecretVolume": 'SecretName="" Items DefaultMode Optional',
        "ConfigMapVolume": 'Name="" Items DefaultMode Optional',
        "ClaimVolume": 'ClaimName="" ReadOnly=f',
        "NFS": 'Server="" Path="" ReadOnly=f',
        "Projected": "Sources>Projection DefaultMode",
        "Projection": (
            "Secret>ObjectProjection DownwardAPI:downwardAPI>Downward ConfigMap>ObjectProjection "
            "ServiceAccountToken>TokenProjection ClusterTrustBundle PodCertificate"
        ),
        "ObjectProjection": 'Name="" Items>KeyToPath Optional',
        "KeyToPath": 'Key="" Path="" Mode',
        "Downward": "Items>DownwardFile",
        "DownwardFile": 'Path="" FieldRef>ObjectFieldSelector ResourceFieldRef>ResourceFieldSelector Mode',
        "TokenProjection": 'Audience="" ExpirationSeconds=0 Path=""',
        **golang_volumes.TABLES,
        **golang_devices.TABLES,
    }.items()
}


def struct(table: str, obj: Object | None) -> Any:
    """What Go would encode for an internal struct that holds `obj`; None for a nil pointer."""
    if obj is None:
        return None
    return {name: _value(obj.get(json_name, zero), nested) for name, json_name, zero, nested in _TABLES[table]}


def _value(value: Any, nested: str) -> Any:
    if not nested or value is None:
        return value
    return [struct(nested, item) for item in value] if isinstance(value, list) else struct(nested, value)


def difference(old: Any, new: Any) -> str:
    """Two values as Go prints them, as a unified diff without file names."""
    before, after = _lines(old), _lines(new)
    lines = list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]
    return "\n".join(lines) + "\n"


def _lines(value: Any) -> list[str]:
    return json.dumps(value, indent=1, ensure_ascii=False).splitlines()


def pod_spec(spec: Object) -> Any:
    """A PodSpec; fields that the API keeps beside the security context stand in it internally."""
    inner = dict(spec)
    context = dict(spec.get("securityContext") or {})
    for name in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"):
        if name in spec:
            context[name] = spec[name]
    inner["securityContext"] = context
    return struct("PodSpec", inner)


def template(obj: Object) -> Any:
    """A PodTemplateSpec."""
    return {**(obj.get("metadata") or {}), "Spec": pod_spec(obj.get("spec") or {})}
