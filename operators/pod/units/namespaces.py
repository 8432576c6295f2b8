"""Which namespaces a container shares, as words of `podman run` (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from operators.pod import names
from operators.pod.security import ranges
from operators.pod.sources import Object
from operators.pod.units.parts import Bind, Isolation, Machine

_SHM = "/dev/shm"  # noqa: S108


def words(pod: Object, machine: Machine) -> Iterator[str]:
    spec, uid = pod["spec"], pod["metadata"]["uid"]
    pins = machine.paths.pod_run(uid) / "ns"
    if spec.get("hostNetwork"):
        yield from ("--network=host", "--uts=host")
    else:
        yield f"--network=ns:{machine.paths.netns / names.netns(uid)}"
        yield f"--uts=ns:{pins}/uts"
    yield "--ipc=host" if spec.get("hostIPC") else f"--ipc=ns:{pins}/ipc"
    if spec.get("hostPID"):
        yield "--pid=host"
    elif spec.get("shareProcessNamespace"):
        yield f"--pid=ns:{pins}/pid"
    yield from ("--no-hosts", "--no-hostname")


def users(isolation: Isolation) -> Iterator[str]:
    """The Pod's own range of user IDs: what the container's files on the node belong to."""
    if isolation.users:
        yield from (f"--{kind}map=0:{isolation.users}:{ranges.SIZE}" for kind in ("uid", "gid"))


def hooks(pod: Object, isolation: Isolation, machine: Machine) -> Iterator[str]:
    """Options of podman itself: a hook has the container join the Pod's user namespace; see libexec/userns.sh."""
    if isolation.users:
        yield f"--hooks-dir={machine.paths.pod_run(pod['metadata']['uid'])}/ns/hooks"


def runtime(isolation: Isolation) -> Iterator[str]:
    if isolation.runtime:
        yield f"--runtime={isolation.runtime}"


def mapped(binds: Iterable[Bind], isolation: Isolation) -> tuple[Bind, ...]:
    """What root owns on the node, root owns in the Pod: its mounts are mapped to its range of IDs."""
    if not isolation.users:
        return tuple(binds)
    return tuple(bind if bind.image else replace(bind, options=(*bind.options, "idmap")) for bind in binds)


def shared_memory(pod: Object, binds: Iterable[Bind], machine: Machine) -> Iterator[str]:
    """The Pod's containers have one /dev/shm, but for those that mount something else there."""
    if pod["spec"].get("hostIPC") or any(bind.target.rstrip("/") == _SHM for bind in binds):
        return
    source = machine.paths.pod_run(pod["metadata"]["uid"]) / "ns" / "shm"
    yield f"--mount=type=bind,source={source},destination={_SHM},bind-propagation=rprivate"
