"""What a Pod's claim is on this node: a directory, a path of the host, a device (pure).

See the Kubernetes page "Persistent Volumes", "Claims As Volumes". The words of the errors are kubelet's.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from operators._kube import meta, nodeselectors
from operators._kube.volumes import claim_names, mode_of
from operators.pod import sources

Object = Mapping[str, Any]
_HOST_NAME = "kubernetes.io/hostname"


class Source(NamedTuple):
    """Where a claim's volume is.

    kind: "directory" (a `local` volume: it must be there), "host" (a `hostPath` volume, of `host_type`) or "block"
    (a device, for volumeDevices). read_only: whether the Pod asks for it so. options: mount options of the volume.
    """

    path: str
    kind: str
    read_only: bool
    host_type: str = ""
    options: tuple[str, ...] = ()


def source_of(claim: Object | None, volume: Object | None, pod: Object, node_name: str, name: str = "") -> Source:
    """`claim`, `volume`: None where there is none; `name`: what the Pod calls its volume, where it says which.

    Raises sources.Missing while the claim is not to be had, sources.Unsupported for a volume this node cannot mount.
    """
    claim = _usable(claim, pod, name)
    where = f"error processing PVC {meta.key_of(claim)}"
    if volume is None:
        bound = claim["spec"]["volumeName"]
        raise sources.Missing(
            f'{where}: failed to fetch PV {bound} from API server: persistentvolumes "{bound}" not found'
        )
    if (why := _disagreement(claim, volume)) is not None:
        raise sources.Missing(f"{where}: {why}")
    if _is_elsewhere(volume, node_name):
        raise sources.Missing(f'MountVolume.NodeAffinity check failed for volume "{_name(volume)}" : {_NO_TERM}')
    _check_mode(volume, pod, claim)
    return _source(volume, _is_read_only(pod, meta.name_of(claim), name))


def check_alone(claim: Object | None, pod: Object, others: Iterable[Object]) -> None:
    """A claim with ReadWriteOncePod is for one Pod: the one that runs, or else the oldest.

    Looked at by the scheduler first; Pods that name their node themselves pass it by. Raises sources.Missing.
    """
    if claim is None or "ReadWriteOncePod" not in (claim["spec"].get("accessModes") or ()):
        return
    name, mine = meta.name_of(claim), _turn(pod)
    for other in others:
        uses = name in {of for of, _ in claim_names(other).values()}
        if uses and meta.uid_of(other) != meta.uid_of(pod) and _phase(other) not in _ENDED and _turn(other) < mine:
            raise sources.Missing("volume uses the ReadWriteOncePod access mode and is already in use by another pod")


_ENDED = ("Succeeded", "Failed")
_NO_TERM = "no matching NodeSelectorTerms"


def _usable(claim: Object | None, pod: Object, name: str) -> Object:
    """The claim, if it is one that the Pod may use now."""
    if claim is None:
        wanted = next((of for volume, (of, _) in claim_names(pod).items() if name in ("", volume)), "")
        text = f'failed to fetch PVC from API server: persistentvolumeclaims "{wanted}" not found'
        raise sources.Missing(f"error processing PVC {pod['metadata']['namespace']}/{wanted}: {text}")
    where = f"error processing PVC {meta.key_of(claim)}"
    is_own = any(own and of == meta.name_of(claim) for of, own in claim_names(pod).values())
    if is_own and not meta.is_controlled_by(claim, pod):
        text = f"PVC {meta.key_of(claim)} was not created for pod {meta.key_of(pod)} (pod is not owner)"
        raise sources.Missing(f"{where}: {text}")
    if meta.is_deleting(claim) and not _has_begun(pod):
        raise sources.Missing(f"{where}: PVC is being deleted")
    if (claim.get("status") or {}).get("phase") != "Bound" or not claim["spec"].get("volumeName"):
        raise sources.Missing(f"{where}: PVC is not bound")
    return claim


def _turn(pod: Object) -> tuple[bool, str, str]:
    return not _has_begun(pod), str(pod["metadata"].get("creationTimestamp") or ""), meta.uid_of(pod)


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase") or "")


def _has_begun(pod: Object) -> bool:
    """A Pod that runs already keeps what it has: protection lets its claim stay until it is gone."""
    return _phase(pod) == "Running"


def _disagreement(claim: Object, volume: Object) -> str | None:
    reference = volume["spec"].get("claimRef")
    if not reference:
        return f"PV {_name(volume)} spec.ClaimRef is nil"
    if reference.get("uid") != meta.uid_of(claim):
        theirs, ours = reference.get("uid") or "", meta.uid_of(claim)
        return f"PV {_name(volume)} spec.ClaimRef.UID {theirs} does not match pvc.UID {ours}"
    return None


def _is_elsewhere(volume: Object, node_name: str) -> bool:
    """Whether the volume's affinity leaves this node out by its name; other labels are the scheduler's to look at."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    if required is None:
        return False
    node = {"metadata": {"name": node_name, "labels": {_HOST_NAME: node_name}}}
    return all(_excludes(term, node) for term in required.get("nodeSelectorTerms") or ())


def _excludes(term: Object, node: Object) -> bool:
    by_name = [expression for expression in term.get("matchExpressions") or () if expression["key"] == _HOST_NAME]
    fields = term.get("matchFields") or ()
    if not by_name and not fields:
        return False
    narrowed = {"nodeSelectorTerms": [{"matchExpressions": by_name, "matchFields": fields}]}
    return not nodeselectors.matches(narrowed, node)


def _check_mode(volume: Object, pod: Object, claim: Object) -> None:
    """A file system is mounted, a device is not: each container must ask for what the volume is."""
    names = {of for of, (used, _) in claim_names(pod).items() if used == meta.name_of(claim)}
    mode, spec = mode_of(volume), pod["spec"]
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for field, wanted in (("volumeMounts", "Filesystem"), ("volumeDevices", "Block")):
            for use in container.get(field) or ():
                if use["name"] in names and mode != wanted:
                    where = f'for pod "{pod["metadata"]["namespace"]}"/"{pod["metadata"]["name"]}"'
                    raise sources.Unsupported(
                        f"volume {use['name']} has volumeMode {mode}, but is specified in {field} {where}"
                    )


def _source(volume: Object, read_only: bool) -> Source:
    spec, options = volume["spec"], tuple(volume["spec"].get("mountOptions") or ())
    if (local := spec.get("local")) is not None:
        kind = "block" if mode_of(volume) == "Block" else "directory"
        return Source(_safe(local.get("path"), volume), kind, read_only, options=options)
    if (host := spec.get("hostPath")) is not None:
        if options:
            raise sources.Unsupported("Mount options are not supported for volume type hostPath")
        kind = "block" if mode_of(volume) == "Block" else "host"
        return Source(_safe(host.get("path"), volume), kind, read_only, host.get("type") or "")
    kinds = sorted(name for name in spec if name in _REMOTE)
    raise sources.Unsupported(
        f'volume "{_name(volume)}": {", ".join(kinds) or "unknown"} volumes are not supported on this node: '
        "use a local or hostPath volume"
    )


def _safe(path: Any, volume: Object) -> str:
    # The API server refuses such paths already; this node does not depend on which API server it talks to.
    text = str(path or "")
    if not text.startswith("/") or ".." in text.split("/") or "\0" in text or "\n" in text:
        raise sources.Unsupported(f'volume "{_name(volume)}": path must be absolute and not contain ".."')
    return text


def _is_read_only(pod: Object, claim: str, name: str) -> bool:
    uses = [
        bool(source.get("readOnly"))
        for volume in pod["spec"].get("volumes") or ()
        if (source := volume.get("persistentVolumeClaim")) is not None
        and source.get("claimName") == claim
        and name in ("", volume["name"])
    ]
    return bool(uses) and all(uses)


def _name(volume: Object) -> str:
    return meta.name_of(volume)


_REMOTE = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "glusterfs", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd",
    "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip
