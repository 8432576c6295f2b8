"""Which directories and files a Pod's volumes are (pure)."""

import re
from collections.abc import Iterable

from operators._kube.volumes import claim_names
from operators.pod import sources
from operators.pod.sources import NodeFacts, Object, Sources
from operators.pod.volumes import claims, downward, empty_dir, object_files, projected
from operators.pod.volumes.parts import Image, Roots, Volume

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def plan(pod: Object, available: Sources, roots: Roots, node: NodeFacts) -> dict[str, Volume]:
    """All of the Pod's volumes by name; see the Kubernetes page "Volumes"."""
    result = {}
    for volume in _declared(pod):
        name = volume["name"]
        try:
            result[name] = _plan_one(volume, pod, available, roots, node)
        except (sources.Missing, sources.Unsupported) as error:
            path = _files_path(volume, roots) if _NAME.fullmatch(name) else ""
            result[name] = Volume(name, "absent", path, read_only=True, error=error.message)
    return result


def failure(volume: str, cause: str) -> str:
    """The message of the Event FailedMount."""
    if cause.startswith("error processing PVC"):
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[], "
            f"failed to process volumes=[{volume}]: {cause}"
        )
    if cause.startswith("MountVolume."):
        return cause
    return f'MountVolume.SetUp failed for volume "{volume}" : {cause}'


def fs_group(pod: Object) -> int | None:
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return None if group is None else int(group)


def _declared(pod: Object) -> Iterable[Object]:
    return pod.get("spec", {}).get("volumes") or ()


def _plan_one(volume: Object, pod: Object, available: Sources, roots: Roots, node: NodeFacts) -> Volume:
    name = volume["name"]
    if not _NAME.fullmatch(name):
        raise sources.Unsupported("its name must be a DNS label")
    if volume.get("emptyDir") is not None:
        return empty_dir.plan(volume, pod, roots, node, fs_group(pod))
    if (host := volume.get("hostPath")) is not None:
        return Volume(name, "host", host["path"], host_type=host.get("type") or "", is_own=False)
    if (image := volume.get("image")) is not None:
        return _image(name, image)
    if volume.get("persistentVolumeClaim") is not None or volume.get("ephemeral") is not None:
        return _claim(volume, pod, available)
    for kind, (_, reader) in _FILE_VOLUMES.items():
        if (definition := volume.get(kind)) is not None:
            files = reader(definition, pod, available, node)
            return Volume(name, "files", _files_path(volume, roots), files, group=fs_group(pod), read_only=True)
    kinds = ", ".join(sorted(key for key in volume if key != "name")) or "such"
    raise sources.Unsupported(f"{kinds} volumes are not supported on this node")


def _files_path(volume: Object, roots: Roots) -> str:
    folder = next((folder for kind, (folder, _) in _FILE_VOLUMES.items() if volume.get(kind) is not None), "")
    root = roots.memory if projected.holds_secrets(volume) else roots.disk
    return f"{root}/kubernetes.io~{folder}/{volume['name']}" if folder else ""


def _image(name: str, image: Object) -> Volume:
    reference = str(image.get("reference") or "")
    if not reference:
        raise sources.Unsupported("image.reference is empty")
    is_latest = "@" not in reference and reference.rsplit("/", 1)[-1].partition(":")[2] in ("", "latest")
    policy = image.get("pullPolicy") or ("Always" if is_latest else "IfNotPresent")
    return Volume(name, "image", read_only=True, image=Image(reference, policy), is_own=False)


def _claim(volume: Object, pod: Object, available: Sources) -> Volume:
    name = volume["name"]
    claim_name, _ = claim_names(pod)[name]
    claim = available.claim(pod["metadata"]["namespace"], claim_name)
    bound_name = str(((claim or {}).get("spec") or {}).get("volumeName") or "")
    bound = available.persistent_volume(bound_name) if bound_name else None
    found = claims.source_of(claim, bound, pod, pod["spec"].get("nodeName", ""), name)
    if "ReadWriteOncePod" in ((claim or {}).get("spec", {}).get("accessModes") or ()):
        claims.check_alone(claim, pod, available.pods_of(pod["metadata"]["namespace"]))
    if found.kind == "host":
        return Volume(name, "host", found.path, host_type=found.host_type, read_only=found.read_only, is_own=False)
    if found.kind == "block":
        return Volume(name, "block", found.path, read_only=found.read_only, is_own=False)
    context = pod["spec"].get("securityContext") or {}
    return Volume(
        name,
        "claim",
        found.path,
        options=",".join(found.options),
        group=None if found.read_only else fs_group(pod),
        policy=context.get("fsGroupChangePolicy") or "Always",
        read_only=found.read_only,
    )


_FILE_VOLUMES = {
    "configMap": ("configmap", object_files.of_config_map),
    "secret": ("secret", object_files.of_secret),
    "downwardAPI": ("downward-api", downward.files),
    "projected": ("projected", projected.files),
}
