"""Which namespaces a container shares, as words of `podman run` (pure)."""

from collections.abc import Iterable, Iterator

from operators.pod import names
from operators.pod.sources import Object
from operators.pod.units.parts import Bind, Machine

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


def shared_memory(pod: Object, binds: Iterable[Bind], machine: Machine) -> Iterator[str]:
    """The Pod's containers have one /dev/shm, but for those that mount something else there."""
    if pod["spec"].get("hostIPC") or any(bind.target.rstrip("/") == _SHM for bind in binds):
        return
    source = machine.paths.pod_run(pod["metadata"]["uid"]) / "ns" / "shm"
    yield f"--mount=type=bind,source={source},destination={_SHM},bind-propagation=rprivate"
