"""Which directories and files a Pod's volumes are, and where its containers see them (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from operators._kube import quantity
from operators.pod import sources
from operators.pod.environment import env
from operators.pod.sources import NodeFacts, Object, Sources

_DEFAULT_MODE = 0o644
TOKEN_SECONDS = 3600  # the life of a token, where the Pod does not say


@dataclass(frozen=True, slots=True)
class Roots:
    """Where a Pod's volumes live: `disk` survives a reboot, `memory` is a tmpfs (Secrets, medium Memory)."""

    disk: str
    memory: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume made from objects: its bytes and permission bits.

    user: its owner, where that is not root. is_renewed: whether it changes by itself (a token).
    """

    data: bytes = field(repr=False)
    mode: int
    user: int | None = None
    is_renewed: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume of a Pod.

    kind: "files" (made from API objects, swapped as a whole), "directory" (emptyDir), "memory" (emptyDir on a
    tmpfs of its own) or "host" (a path of the node). `files` maps paths below the volume to their contents.
    `size_limit` is in bytes, `host_type` a HostPathType.
    """

    name: str
    kind: str
    path: str
    files: Mapping[str, File] = field(default_factory=dict)
    size_limit: int | None = None
    host_type: str = ""
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A bind mount of a container. `sub_path` is below `source` and must be opened without following links,
    since what the volume holds may be the container's own doing."""

    source: str
    target: str
    read_only: bool
    propagation: str = "rprivate"
    sub_path: str = ""


_PROPAGATION = {"HostToContainer": "rslave", "Bidirectional": "rshared"}


def plan(pod: Object, available: Sources, roots: Roots, node: NodeFacts) -> dict[str, Volume]:
    """The Pod's volumes by name.

    Raises sources.Missing when an object or key that is not optional is absent, sources.Unsupported for a kind
    of volume this node does not have. See the Kubernetes page "Volumes".
    """
    return {volume["name"]: _plan_one(volume, pod, available, roots, node) for volume in _declared(pod)}


def mounts(container: Object, volumes: Mapping[str, Volume], variables: Mapping[str, str]) -> list[Mount]:
    """The container's bind mounts, outer paths first. `variables` is its environment (for `subPathExpr`)."""
    result = []
    for mount in container.get("volumeMounts") or ():
        volume = volumes[mount["name"]]
        sub_path = mount.get("subPath") or ""
        if mount.get("subPathExpr"):
            sub_path = env.expand(mount["subPathExpr"], variables)
        if sub_path and not is_below(sub_path):
            raise sources.Unsupported(f'subPath "{sub_path}" must stay below the volume "{volume.name}"')
        result.append(
            Mount(
                source=volume.path,
                target=mount["mountPath"],
                # What comes from an object is the kubelet's to write; a container's write would be lost anyway.
                read_only=bool(mount.get("readOnly")) or volume.kind == "files",
                propagation=_PROPAGATION.get(mount.get("mountPropagation") or "", "rprivate"),
                sub_path=sub_path,
            )
        )
    return sorted(result, key=lambda mount: mount.target)


def object_names(pod: Object) -> set[tuple[str, str]]:
    """("ConfigMap"|"Secret", name) of every object that the Pod's volumes or environment name."""
    names: set[tuple[str, str]] = set()
    for volume in _declared(pod):
        for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if "configMap" in part:
                names.add(("ConfigMap", part["configMap"].get("name", "")))
            if "secret" in part:
                names.add(("Secret", part["secret"].get("secretName") or part["secret"].get("name", "")))
    spec = pod.get("spec", {})
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        references = [*(container.get("envFrom") or ())]
        references += [entry["valueFrom"] for entry in container.get("env") or () if entry.get("valueFrom")]
        for reference in references:
            for key, kind in _REFERENCES.items():
                if reference.get(key):
                    names.add((kind, reference[key].get("name", "")))
    return names


_REFERENCES = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
}


def is_below(path: str) -> bool:
    """Whether a relative path names something inside the folder it is relative to."""
    return not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


def _declared(pod: Object) -> Iterable[Object]:
    return pod.get("spec", {}).get("volumes") or ()


def _plan_one(volume: Object, pod: Object, available: Sources, roots: Roots, node: NodeFacts) -> Volume:
    name = volume["name"]
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    if (empty := volume.get("emptyDir")) is not None:
        limit = empty.get("sizeLimit")
        in_memory = empty.get("medium") == "Memory"
        root = roots.memory if in_memory else roots.disk
        return Volume(
            name,
            "memory" if in_memory else "directory",
            f"{root}/kubernetes.io~empty-dir/{name}",
            size_limit=int(quantity.parse(str(limit))) if limit is not None else None,
            group=group,
        )
    if (host := volume.get("hostPath")) is not None:
        return Volume(name, "host", host["path"], host_type=host.get("type") or "")
    for kind, (folder, reader) in _FILE_VOLUMES.items():
        if (definition := volume.get(kind)) is not None:
            in_memory = _holds_secrets(volume)
            files = reader(definition, pod, available, node)
            root = roots.memory if in_memory else roots.disk
            return Volume(name, "files", f"{root}/kubernetes.io~{folder}/{name}", files, group=group)
    kinds = ", ".join(sorted(key for key in volume if key != "name")) or "emptyDir"
    raise sources.Unsupported(f'volume "{name}": {kinds} volumes are not supported on this node')


def _holds_secrets(volume: Object) -> bool:
    parts = (volume.get("projected") or {}).get("sources") or ()
    return "secret" in volume or any("secret" in part or "serviceAccountToken" in part for part in parts)


def _config_map_files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    namespace, name = pod["metadata"]["namespace"], definition.get("name", "")
    found = available.config_map(namespace, name)
    data = None if found is None else env.config_map_data(found)
    return _select(data, definition, "ConfigMap", namespace, name)


def _secret_files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    namespace = pod["metadata"]["namespace"]
    name = definition.get("secretName") or definition.get("name", "")
    found = available.secret(namespace, name)
    data = None if found is None else env.secret_data(found)
    return _select(data, definition, "Secret", namespace, name)


def _downward_files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    default = definition.get("defaultMode", _DEFAULT_MODE)
    files = {}
    for item in definition.get("items") or ():
        if ref := item.get("fieldRef"):
            text = sources.pod_field(pod, ref["fieldPath"], node)
        else:
            text = sources.container_resource(pod, {}, item["resourceFieldRef"], node)
        files[_path(item["path"])] = File(text.encode(), item.get("mode", default))
    return files


def _projected_files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    files: dict[str, File] = {}
    for part in definition.get("sources") or ():
        for kind, reader in _PROJECTED.items():
            if (source := part.get(kind)) is not None:
                merged = {"defaultMode": definition.get("defaultMode", _DEFAULT_MODE), **source}
                files |= reader(merged, pod, available, node)
                break
        else:
            raise sources.Unsupported(f"projected {', '.join(sorted(part))} sources are not supported on this node")
    return files


def _token_files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """As kubelet: only the user that all containers run as may read it, or the Pod's group, if either is known."""
    seconds = int(definition.get("expirationSeconds") or TOKEN_SECONDS)
    token = available.token(pod, definition.get("audience") or "", seconds)
    user = common_user(pod)
    is_restricted = user is not None or (pod["spec"].get("securityContext") or {}).get("fsGroup") is not None
    mode = 0o600 if is_restricted else definition["defaultMode"]
    return {_path(definition["path"]): File(token.encode(), mode, user, is_renewed=True)}


def common_user(pod: Object) -> int | None:
    """The runAsUser of all containers; None when one does not say or they differ."""
    spec = pod["spec"]
    default = (spec.get("securityContext") or {}).get("runAsUser")
    users = {
        (container.get("securityContext") or {}).get("runAsUser", default)
        for container in (*(spec.get("initContainers") or ()), *spec["containers"])
    }
    return users.pop() if len(users) == 1 else None


def _select(
    data: Mapping[str, bytes] | None, definition: Object, kind: str, namespace: str, name: str
) -> dict[str, File]:
    """The files of a ConfigMap or Secret: all its keys, or those that `items` names, under the paths it gives."""
    optional = bool(definition.get("optional"))
    default = definition.get("defaultMode", _DEFAULT_MODE)
    if data is None:
        if optional:
            return {}
        raise sources.missing_object(kind, name)
    items = definition.get("items")
    if not items:
        return {_path(key): File(value, default) for key, value in data.items()}
    files = {}
    for item in items:
        if item["key"] not in data:
            if optional:
                continue
            raise sources.Missing(f"references non-existent {kind.lower()} key: {item['key']}")
        files[_path(item["path"])] = File(data[item["key"]], item.get("mode", default))
    return files


def _path(path: str) -> str:
    # The API server refuses such paths already; this node does not depend on which API server it talks to.
    first = path.split("/", 1)[0]
    if not path or not is_below(path) or first.startswith(".."):
        raise sources.Unsupported(f'file path "{path}" must be relative and stay inside its volume')
    return path


_FILE_VOLUMES = {
    "configMap": ("configmap", _config_map_files),
    "secret": ("secret", _secret_files),
    "downwardAPI": ("downward-api", _downward_files),
    "projected": ("projected", _projected_files),
}
_PROJECTED = {
    "configMap": _config_map_files,
    "secret": _secret_files,
    "downwardAPI": _downward_files,
    "serviceAccountToken": _token_files,
}
