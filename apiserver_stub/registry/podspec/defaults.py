"""Defaults of everything that may stand in a PodSpec, by definition name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.registry.defaults import Apply, fill
from apiserver_stub.registry.podspec import images

Object = dict[str, Any]

_MODE: Final = 0o644


def pod_spec(spec: Object) -> None:
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    # The deprecated name of the field goes along in both directions.
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]


def pod(obj: Object) -> None:
    """What only a Pod gets, and a template not."""
    spec = obj["spec"]
    spec.setdefault("enableServiceLinks", True)
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    for container in containers:
        _requests_from_limits(container["resources"])
    if spec.get("resources"):
        _requests_from_limits(spec["resources"])
    if spec.get("hostNetwork"):
        for container in containers:
            for port in container.get("ports") or ():
                if not port.get("hostPort") and port.get("containerPort"):
                    port["hostPort"] = port["containerPort"]


def _requests_from_limits(resources: Object) -> None:
    limits = resources.get("limits")
    if limits:
        requests = resources.setdefault("requests", {})
        for name, quantity in limits.items():
            requests.setdefault(name, quantity)


def container(obj: Object) -> None:
    obj.setdefault("terminationMessagePath", "/dev/termination-log")
    obj.setdefault("terminationMessagePolicy", "File")
    if "imagePullPolicy" not in obj:
        obj["imagePullPolicy"] = images.pull_policy(obj.get("image", ""))


def volume(obj: Object) -> None:
    if len(obj) == 1:
        obj["emptyDir"] = {}


def image_volume(obj: Object) -> None:
    obj.setdefault("pullPolicy", images.pull_policy(obj.get("reference", "")))


TABLE: Final[Mapping[str, Apply]] = {
    "core.v1.Pod": pod,
    "core.v1.PodSpec": pod_spec,
    "core.v1.Container": container,
    "core.v1.EphemeralContainer": container,
    "core.v1.ContainerPort": fill(protocol="TCP"),
    "core.v1.Probe": fill(timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3),
    "core.v1.HTTPGetAction": fill(path="/", scheme="HTTP"),
    "core.v1.GRPCAction": fill(service=""),
    "core.v1.ObjectFieldSelector": fill(apiVersion="v1"),
    "core.v1.Volume": volume,
    "core.v1.SecretVolumeSource": fill(defaultMode=_MODE),
    "core.v1.ConfigMapVolumeSource": fill(defaultMode=_MODE),
    "core.v1.DownwardAPIVolumeSource": fill(defaultMode=_MODE),
    "core.v1.ProjectedVolumeSource": fill(defaultMode=_MODE),
    "core.v1.ServiceAccountTokenProjection": fill(expirationSeconds=3600),
    "core.v1.HostPathVolumeSource": fill(type=""),
    "core.v1.ISCSIVolumeSource": fill(iscsiInterface="default"),
    "core.v1.ISCSIPersistentVolumeSource": fill(iscsiInterface="default"),
    "core.v1.RBDVolumeSource": fill(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "core.v1.RBDPersistentVolumeSource": fill(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "core.v1.ScaleIOVolumeSource": fill(storageMode="ThinProvisioned", fsType="xfs"),
    "core.v1.ScaleIOPersistentVolumeSource": fill(storageMode="ThinProvisioned", fsType="xfs"),
    "core.v1.AzureDiskVolumeSource": fill(cachingMode="ReadWrite", kind="Shared", fsType="ext4", readOnly=False),
    "core.v1.ImageVolumeSource": image_volume,
    "core.v1.PersistentVolumeClaimSpec": fill(volumeMode="Filesystem"),
}
