"""Which namespaces a container shares, as words of `podman run` (pure)."""

from collections.abc import Iterator

from operators.pod import names
from operators.pod.sources import Object
from operators.pod.units.parts import Machine


def words(pod: Object, machine: Machine) -> Iterator[str]:
    spec, uid = pod["spec"], pod["metadata"]["uid"]
    pins = machine.paths.pod_run(uid) / "ns"
    if spec.get("hostNetwork"):
        yield from ("--network=host", "--uts=host")
    else:
        yield f"--network=ns:{machine.paths.netns / names.netns(uid)}"
        yield f"--uts=ns:{pins}/uts"
    yield "--ipc=host" if spec.get("hostIPC") or spec.get("hostNetwork") else f"--ipc=ns:{pins}/ipc"
    if spec.get("hostPID"):
        yield "--pid=host"
    yield from ("--no-hosts", "--no-hostname")
