"""Where a container sees its Pod's volumes (pure)."""

from collections.abc import Mapping
from typing import Any

from operators.pod import sources
from operators.pod.environment import env
from operators.pod.sources import Object
from operators.pod.volumes import object_files
from operators.pod.volumes.parts import Mount, Volume

_PROPAGATION = {"HostToContainer": "rslave", "Bidirectional": "rshared"}


def plan(container: Object, volumes: Mapping[str, Volume], variables: Mapping[str, str]) -> list[Mount]:
    """The container's mounts, outer paths first. variables: its environment (for `subPathExpr`).

    Raises sources.Missing in kubelet's words for a sub path that cannot be.
    """
    result = []
    for mount in container.get("volumeMounts") or ():
        volume = _volume(mount, volumes, container)
        # What comes from an object is the kubelet's to write; a container's write would be lost anyway.
        read_only = bool(mount.get("readOnly")) or volume.read_only
        result.append(
            Mount(
                volume=volume,
                target=mount["mountPath"],
                read_only=read_only,
                propagation=_PROPAGATION.get(mount.get("mountPropagation") or "", "rprivate"),
                sub_path=_sub_path(mount, variables),
                recursive=recursive(mount),
            )
        )
    return sorted(result, key=lambda mount: mount.target)


def devices(container: Object, volumes: Mapping[str, Volume]) -> list[tuple[str, str, str]]:
    """Block devices for the container: path on the node, path inside, cgroup permissions."""
    found = []
    for device in container.get("volumeDevices") or ():
        volume = _volume(device, volumes, container)
        if volume.kind != "block":
            raise sources.Unsupported(f'volume "{volume.name}" is not a block device')
        found.append((volume.path, device["devicePath"], "r" if volume.read_only else "rwm"))
    return found


def images(container: Object, volumes: Mapping[str, Volume]) -> list[Volume]:
    """The image volumes that the container mounts, each once."""
    names = {mount["name"] for mount in container.get("volumeMounts") or ()}
    return [volume for volume in volumes.values() if volume.name in names and volume.image is not None]


def recursive(mount: Object) -> str:
    """Its recursiveReadOnly, "" where that is not asked for."""
    mode = mount.get("recursiveReadOnly") or ""
    return mode if mount.get("readOnly") and mode != "Disabled" else ""


def _volume(use: Object, volumes: Mapping[str, Volume], container: Object) -> Volume:
    volume = volumes.get(use["name"])
    if volume is None or (volume.kind == "absent" and not volume.path):
        raise sources.Missing(f'cannot find volume "{use["name"]}" to mount into container "{container["name"]}"')
    return volume


def _sub_path(mount: Object, variables: Mapping[str, str]) -> str:
    path = str(mount.get("subPath") or "")
    if expression := mount.get("subPathExpr"):
        known = _Known(variables)
        path = env.expand(expression, known)
        if known.missing:
            raise sources.Missing(f"missing value for {', '.join(sorted(known.missing))}")
    if path.startswith("/"):
        raise sources.Missing(f"error SubPath `{path}` must not be an absolute path")
    if not object_files.is_below(path):
        raise sources.Missing(f"unable to provision SubPath `{path}`: must not contain '..'")
    return path


class _Known(dict[str, str]):
    """Remembers which variables were asked for and have no value."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.missing: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        value = super().get(name)
        if not value:
            self.missing.add(name)
        return value or ""
