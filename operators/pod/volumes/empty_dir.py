"""emptyDir: a folder on the disk, or a file system in memory of its own (pure). See the Kubernetes page "Volumes"."""

from collections.abc import Iterable, Mapping

from operators._kube import quantity
from operators.pod import sources
from operators.pod.sources import NodeFacts, Object
from operators.pod.volumes.parts import Roots, Volume

_HUGE = "HugePages"


def plan(volume: Object, pod: Object, roots: Roots, node: NodeFacts, group: int | None) -> Volume:
    """Raises Unsupported for a medium this node does not have."""
    name, source = volume["name"], volume["emptyDir"]
    medium = source.get("medium") or ""
    limit = int(quantity.parse(str(source["sizeLimit"]))) if source.get("sizeLimit") is not None else None
    if medium == "":
        return Volume(name, "directory", _path(roots.disk, name), size_limit=limit, group=group)
    path = _path(roots.memory, name)
    if medium == "Memory":
        size = memory_size(limit, pod, node)
        options = f"nosuid,nodev,{_access(group)}" + (f",size={size}" if size else "")
        return Volume(name, "tmpfs", path, options=options, size_limit=limit, group=group)
    if medium == _HUGE or medium.startswith(_HUGE + "-"):
        page = _page_size(medium, pod)
        options = f"nosuid,nodev,{_access(group)},pagesize={page}" + (f",size={limit}" if limit else "")
        return Volume(name, "hugetlbfs", path, options=options, size_limit=limit, group=group)
    raise sources.Unsupported(f'unknown storage medium "{medium}"')


def memory_size(limit: int | None, pod: Object, node: NodeFacts) -> int:
    """How large a volume of medium Memory may become: the smallest of the node's allocatable memory, the Pod's memory
    limit and the volume's own; 0 when none of them is known."""
    known = (int(quantity.parse(str(node.allocatable.get("memory", "0")))), pod_memory_limit(pod), limit or 0)
    return min((size for size in known if size > 0), default=0)


def pod_memory_limit(pod: Object) -> int:
    """The memory limit of the whole Pod in bytes; 0 when some container has none."""
    spec = pod["spec"]
    if whole := _memory(spec):
        return whole
    apps = [_memory(container) for container in spec.get("containers") or ()]
    inits = spec.get("initContainers") or ()
    sidecars = [_memory(c) for c in inits if c.get("restartPolicy") == "Always"]
    if not all((*apps, *sidecars)):
        return 0
    return max([sum((*apps, *sidecars)), *(_memory(c) for c in inits)])


def _memory(holder: Object) -> int:
    limits: Mapping[str, object] = (holder.get("resources") or {}).get("limits") or {}
    return int(quantity.parse(str(limits.get("memory", "0"))))


def _page_size(medium: str, pod: Object) -> int:
    """In bytes. Raises Unsupported when the containers do not ask for such pages."""
    wanted = _requested(pod)
    _, named, size = medium.partition("-")
    if named:
        try:
            page = int(quantity.parse(size))
        except ValueError as error:
            raise sources.Unsupported(f"medium {medium} is not a page size: {error}") from error
        if page not in wanted:
            raise sources.Unsupported(f"medium {medium} is used, but no container requests pages of this size")
        return page
    if len(wanted) != 1:
        many = "multiple huge page sizes" if wanted else "no huge pages"
        raise sources.Unsupported(f"medium {medium} cannot be used if the containers request {many}")
    return wanted.pop()


def _requested(pod: Object) -> set[int]:
    return {
        int(quantity.parse(name.removeprefix("hugepages-")))
        for container in _containers(pod)
        for part in ("limits", "requests")
        for name in (container.get("resources") or {}).get(part) or ()
        if name.startswith("hugepages-")
    }


def _containers(pod: Object) -> Iterable[Object]:
    return (*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ()))


def _access(group: int | None) -> str:
    return "mode=0777" if group is None else f"mode=2777,gid={group}"


def _path(root: str, name: str) -> str:
    return f"{root}/kubernetes.io~empty-dir/{name}"
