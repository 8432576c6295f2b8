"""Which claims get a volume here, what it looks like, and which volumes are ours to remove (pure)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from operators._kube import meta, nodevolumes, volumes
from operators._kube.meta import Key, Object
from operators._kube.nodevolumes import Place
from operators.provisioner import parameters
from operators.provisioner.parameters import Parameters, Unusable, Waiting

NAME = nodevolumes.NAME
#: Keeps a volume until what it holds is removed, as every external provisioner does it.
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
_CLAIM, _SNAPSHOT = ("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")
_HOST_PATH = re.compile(r"/tmp/.+")  # noqa: S108 - compared, not used


@dataclass(frozen=True, slots=True)
class Order:
    """A volume to be made. `source`: the claim or snapshot whose content it begins with."""

    name: str
    parameters: Parameters
    size: int
    source: Key | None = None

    @property
    def path(self) -> str:
        return f"{self.parameters.root}/{self.name}"


def is_wanted(claim: Object, class_: Object | None, node: str) -> bool:
    """Whether it is this node's turn to make a volume for the claim."""
    if class_ is None or class_.get("provisioner") != NAME or meta.is_deleting(claim):
        return False
    annotations = meta.annotations_of(claim)
    asked = annotations.get(volumes.PROVISIONER) or annotations.get(volumes.BETA_PROVISIONER)
    if asked != NAME or claim["spec"].get("volumeName"):
        return False
    selected = annotations.get(volumes.SELECTED_NODE)
    return selected == node if selected or volumes.delays_binding(class_) else True


def order(claim: Object, class_: Object) -> Order:
    """Raises Unusable."""
    spec = claim["spec"]
    name = nodevolumes.volume_name(meta.uid_of(claim))
    if name is None:
        raise Unusable(f'the UID "{meta.uid_of(claim)}" of the claim is not one')
    if volumes.mode_of(claim) != "Filesystem":
        raise Unusable('this provisioner makes directories: volumeMode must be "Filesystem"')
    if spec.get("selector") is not None:
        raise Unusable("claim Selector is not supported")
    found = parameters.parse(class_.get("parameters") or {})
    return Order(name, found, int(volumes.requested(claim)), _source(claim))


def _source(claim: Object) -> Key | None:
    """The claim or the snapshot that a claim's content comes from. Raises Unusable."""
    source = claim["spec"].get("dataSourceRef") or claim["spec"].get("dataSource")
    if source is None:
        return None
    kind = (source.get("apiGroup") or "", source.get("kind"))
    if kind not in (_CLAIM, _SNAPSHOT):
        text = f"{kind[1]}.{kind[0] or 'core'}"
        raise Unusable(f"dataSource must be a PersistentVolumeClaim or a VolumeSnapshot: {text} is not supported")
    if source.get("namespace") not in (None, "", meta.namespace_of(claim)):
        raise Unusable("dataSourceRef must name an object of the same namespace")
    return Key(meta.namespace_of(claim), str(source.get("name")))


def is_from_snapshot(claim: Object) -> bool:
    source = claim["spec"].get("dataSourceRef") or claim["spec"].get("dataSource") or {}
    return (source.get("apiGroup") or "", source.get("kind")) == _SNAPSHOT


def snapshot_path(claim: Object, snapshot: Object | None, content: Object | None, key: Key) -> str:
    """The directory of a snapshot. `content`: what the snapshot is bound to. Raises Unusable."""
    if snapshot is None:
        raise Waiting(f'error getting snapshot {key.name} from api server: volumesnapshots "{key.name}" not found')
    if not (snapshot.get("status") or {}).get("readyToUse") or meta.is_deleting(snapshot) or content is None:
        raise Waiting(f"snapshot {key.name} is not Ready")
    if (content["spec"].get("volumeSnapshotRef") or {}).get("uid") != meta.uid_of(snapshot):
        raise Unusable(f"snapshot {key.name} is not bound to its content {meta.name_of(content)}")
    status = content.get("status") or {}
    place = nodevolumes.handle_place(str(status.get("snapshotHandle") or ""))
    if content["spec"].get("driver") != NAME or place is None:
        raise Unusable(f"snapshot {key.name} was not taken by this provisioner")
    if volumes.requested(claim) < int(status.get("restoreSize") or 0):
        sizes = f"{int(volumes.requested(claim))} is less than the size {status['restoreSize']}"
        raise Unusable(f"requested volume size {sizes} for the source snapshot {key.name}")
    return place.path


def source_path(claim: Object, source: Object | None, volume: Object | None, key: Key) -> str:
    """The directory to copy from. `source`: the claim of this key; `volume`: the one it is bound to.

    Raises Unusable.
    """
    if source is None:
        raise Waiting(f'error getting PVC {key.name} (namespace "{key.namespace}") from api server: not found')
    phase = (source.get("status") or {}).get("phase")
    if phase != "Bound" or meta.is_deleting(source) or volume is None:
        raise Waiting(f"the PVC DataSource {key.name} must have a status of Bound. Got {phase}")
    if volumes.class_of(source) != volumes.class_of(claim):
        raise Unusable("the source PVC and destination PVCs must be in the same storage class for cloning")
    if volumes.requested(claim) < volumes.capacity(volume):
        raise Unusable(
            "error, new PVC request must be greater than or equal in size to the specified PVC data source, "
            f"requested {int(volumes.requested(claim))} but source is {int(volumes.capacity(volume))}"
        )
    place = nodevolumes.volume_place(volume)
    if place is None:
        raise Unusable(f'the volume "{meta.name_of(volume)}" of the source was not made by this provisioner')
    return place.path


def volume(claim: Object, class_: Object, made: Order, host_name: str) -> Object:
    """The PersistentVolume; `host_name`: the label kubernetes.io/hostname of this node."""
    policy = class_.get("reclaimPolicy") or "Delete"
    metadata: Object = {"name": made.name, "annotations": {volumes.PROVISIONED_BY: NAME}}
    if policy == "Delete":
        metadata["finalizers"] = [FINALIZER]
    reference = meta.object_reference(claim)
    spec: Object = {
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "accessModes": list(claim["spec"].get("accessModes") or ()),
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": meta.name_of(class_),
        "volumeMode": "Filesystem",
        "local": {"path": made.path},
        "nodeAffinity": volumes.host_affinity(host_name),
        "claimRef": reference,
    }
    if options := class_.get("mountOptions"):
        spec["mountOptions"] = list(options)
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


def is_elsewhere(volume: Object, host_name: str) -> bool:
    """Whether a volume is on another node."""
    node = {"metadata": {"labels": {"kubernetes.io/hostname": host_name}}}
    return not volumes.fits_node(volume, node)


def is_to_remove(volume: Object) -> bool:
    """Whether nobody needs a volume any more, and its policy is to delete it."""
    if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
        return False
    if meta.is_deleting(volume) and not _waits_for_us(volume):
        return False
    phase = (volume.get("status") or {}).get("phase")
    if phase in ("Released", "Failed"):
        return True
    return phase in ("Available", "Pending") and meta.is_deleting(volume)


def _waits_for_us(volume: Object) -> bool:
    return meta.has_finalizer(volume, FINALIZER)


def host_path(volume: Object) -> Place | None:
    """What a released hostPath volume leaves behind: Kubernetes deletes it when it is below /tmp, and only then."""
    if meta.annotations_of(volume).get(volumes.PROVISIONED_BY):
        return None
    path = str((volume["spec"].get("hostPath") or {}).get("path") or "")
    if not _HOST_PATH.match(path) or posixpath.normpath(path) != path or "\0" in path:
        return None
    return Place("/tmp", path.removeprefix("/tmp/"), is_deep=True)  # noqa: S108 - the place that Kubernetes names


def finalizers(volume: Object) -> list[str] | None:
    """What the finalizers of a volume of ours should be after its policy changed; None if they are right."""
    present = list(volume["metadata"].get("finalizers") or ())
    is_deleted_with = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    if is_deleted_with and FINALIZER not in present and not meta.is_deleting(volume):
        return [*present, FINALIZER]
    if not is_deleted_with and FINALIZER in present:
        return without(volume)
    return None


def without(volume: Object) -> list[str]:
    return [name for name in volume["metadata"].get("finalizers") or () if name != FINALIZER]
