"""What a Pod uses of the node, as far as evictions go by it. All of it blocks: use a thread."""

from collections.abc import Mapping
from pathlib import Path

from operators._kube import podresources
from operators.pod.eviction import wording
from operators.pod.eviction.ranking import Usage
from operators.pod.inventory import Record
from operators.pod.paths import Paths
from operators.pod.resources import usage
from operators.pod.sources import Object

_STORAGE = "ephemeral-storage"
Folders = Mapping[str, Path]


def of(paths: Paths, pod: Object, record: Record, folders: Folders, resource: str) -> Usage:
    """Of one resource: "memory", "ephemeral-storage", "inodes" or "pids". `folders`: its emptyDir volumes."""
    found = usage.pod(paths, record)
    if resource == "memory":
        containers = {c.name: {resource: c.group.memory.working_set} for c in found.containers}
        return Usage({resource: found.group.memory.working_set}, containers)
    if resource == "pids":
        return Usage({resource: found.group.processes})
    index = 0 if resource == _STORAGE else 1
    own = {name: sizes[index] for name, sizes in _of_containers(paths, pod, record).items()}
    volumes = sum(usage.disk_usage(path)[index] for path in folders.values())
    return Usage({resource: sum(own.values()) + volumes}, {name: {resource: size} for name, size in own.items()})


def is_limited(pod: Object) -> bool:
    """Whether anything limits what the Pod writes to local storage."""
    return bool(podresources.limits(pod).get(_STORAGE)) or any(_size_limit(v) for v in pod["spec"].get("volumes") or ())


def excess(paths: Paths, pod: Object, record: Record, folders: Folders) -> str:
    """What the Pod has written too much of, as a message; "" while it keeps to its limits."""
    volumes = {name: usage.disk_usage(path)[0] for name, path in folders.items()}
    for volume in pod["spec"].get("volumes") or ():
        limit = _size_limit(volume)
        if limit and volumes.get(volume["name"], 0) > podresources.whole("memory", limit):
            return wording.empty_dir(volume["name"], limit)
    if not (limit_of_all := podresources.limits(pod).get(_STORAGE)):
        return ""
    own = {name: sizes[0] for name, sizes in _of_containers(paths, pod, record).items()}
    on_disk = sum(volumes.get(v["name"], 0) for v in pod["spec"].get("volumes") or () if _on_disk(v))
    if sum(own.values()) + on_disk > limit_of_all:
        return wording.pod_storage(limit_of_all)
    for spec in pod["spec"]["containers"]:
        most = podresources.amounts(spec, "limits").get(_STORAGE, 0)
        if most and own.get(spec["name"], 0) > most:
            return wording.container_storage(spec["name"], str(spec["resources"]["limits"][_STORAGE]))
    return ""


def _of_containers(paths: Paths, pod: Object, record: Record) -> dict[str, tuple[int, int]]:
    """(bytes, inodes) of each container's writable layer and logs."""
    meta = pod["metadata"]
    found = {}
    for container in usage.containers(paths, record):
        layer = usage.disk_usage(container.layer) if container.layer is not None else (0, 0)
        logs = usage.disk_usage(paths.log_dir(meta["namespace"], meta["name"], record.uid, container.name))
        found[container.name] = (layer[0] + logs[0], layer[1] + logs[1])
    return found


def _size_limit(volume: Object) -> str:
    return str((volume.get("emptyDir") or {}).get("sizeLimit") or "")


def _on_disk(volume: Object) -> bool:
    return not (volume.get("emptyDir") or {}).get("medium")
