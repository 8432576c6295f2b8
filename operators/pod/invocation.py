"""The `podman run` command of one container (pure)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from operators._kube import quantity
from operators.pod import escape, names
from operators.pod.paths import Paths
from operators.pod.sources import Object

#: Stands for the run's own log file name; systemd puts the invocation's ID in.
INVOCATION = "${INVOCATION_ID}"


@dataclass(frozen=True, slots=True)
class Bind:
    """A path of the node at a path of the container. `propagation` as in mount(8): "rprivate", "rslave", "rshared"."""

    source: str
    target: str
    read_only: bool = False
    propagation: str = "rprivate"


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of an image on the node. `reference`: for status.imageID; `env`: names its own environment sets."""

    id: str
    reference: str
    user: str = ""
    stop_signal: str = "TERM"
    env: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Container:
    """One container with everything it refers to resolved.

    command, args: with $(VAR) expanded; None: the image's own. `has_conf`: some variables are in a containers.conf.
    """

    spec: Object
    role: str  # "container" | "init" | "sidecar"
    image: Image
    command: list[str] | None = None
    args: list[str] | None = None
    binds: tuple[Bind, ...] = ()
    has_conf: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of the node that unit texts depend on. `controllers`: cgroup v2 controllers that exist here."""

    paths: Paths
    bridge: str = "ukube0"
    gateway: str = "10.244.0.1"
    prefix: int = 22
    controllers: frozenset[str] = frozenset()
    podman: str = "/usr/bin/podman"


def words(pod: Object, container: Container, machine: Machine) -> list[str]:
    """The command line; the word with INVOCATION in it is not literal, all others are."""
    meta, spec = pod["metadata"], container.spec
    name, uid = spec["name"], meta["uid"]
    run = machine.paths.pod_run(uid)
    log_dir = machine.paths.log_dir(meta["namespace"], meta["name"], uid, name)
    line = [machine.podman, "run", f"--name={names.container(meta['namespace'], meta['name'], name)}", "--replace"]
    if container.role == "init":
        # It is waited for, but what it prints goes to its log only; podman's own errors stay for the journal.
        line += ["--attach=stdin", "--sdnotify=ignore"]
    else:
        # --rm: conmon cleans up and removes in one go, so that the post step has nothing to do.
        line += ["-d", "--rm", "--sdnotify=conmon"]
    line += [f"--cidfile={run}/{name}.cid", f"--pidfile={run}/{name}.pid"]
    line += ["--cgroups=split", "--pull=never", "--systemd=false", "--http-proxy=false", "--log-driver=k8s-file"]
    line += [f"--log-opt=path={log_dir}/{INVOCATION}.log"]
    line += list(_namespaces(pod, machine))
    line += list(_labels(meta, name))
    line += [f"--env-file={run}/env/{name}"]
    line += list(_resources(spec, machine))
    line += list(_security(pod, spec))
    line += [_mount(bind) for bind in container.binds]
    if spec.get("workingDir"):
        line.append(f"--workdir={spec['workingDir']}")
    if spec.get("stdin"):
        line.append("--interactive")
    if spec.get("tty"):
        line.append("--tty")
    if container.command is not None:
        line.append(f"--entrypoint={json.dumps(container.command, ensure_ascii=False)}")
    return [*line, "--", container.image.id, *(container.args or ())]


def exec_line(pod: Object, container: Container, machine: Machine) -> str:
    """The same as the value of ExecStart=."""
    return " ".join(_literal_but_invocation(word) for word in words(pod, container, machine))


def _literal_but_invocation(word: str) -> str:
    if not word.startswith("--log-opt=path="):
        return escape.argument(word)
    before, _, after = word.partition(INVOCATION)
    return escape.argument(before)[:-1] + INVOCATION + escape.argument(after)[1:]


def _namespaces(pod: Object, machine: Machine) -> Iterator[str]:
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


def _labels(meta: Object, name: str) -> Iterator[str]:
    yield f"--label=io.kubernetes.pod.name={meta['name']}"
    yield f"--label=io.kubernetes.pod.namespace={meta['namespace']}"
    yield f"--label=io.kubernetes.pod.uid={meta['uid']}"
    yield f"--label=io.kubernetes.container.name={name}"


def _resources(spec: Object, machine: Machine) -> Iterator[str]:
    """Limits, where the node has the cgroup controller for them; podman refuses to start without it."""
    yield "--ulimit=host"
    yield "--pids-limit=-1" if "pids" in machine.controllers else "--pids-limit=0"
    resources = spec.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if "memory" in machine.controllers and "memory" in limits:
        amount = int(quantity.parse(str(limits["memory"])))
        yield from (f"--memory={amount}b", f"--memory-swap={amount}b", "--cgroup-conf=memory.oom.group=1")
    if "cpu" in machine.controllers:
        if "cpu" in limits:
            yield from (
                "--cpu-period=100000",
                f"--cpu-quota={max(1000, int(quantity.parse(str(limits['cpu'])) * 100000))}",
            )
        if requested := requests.get("cpu", limits.get("cpu")):
            yield f"--cpu-shares={max(2, int(quantity.parse(str(requested)) * 1024))}"


def limits_ignored(pod: Object, machine: Machine) -> list[str]:
    """The resources that some container limits but this node has no cgroup controller for."""
    spec = pod["spec"]
    containers = (*(spec.get("initContainers") or ()), *spec["containers"])
    limited = {name for c in containers for name in ((c.get("resources") or {}).get("limits") or {})}
    return sorted(limited & {"cpu", "memory"} - machine.controllers)


def _security(pod: Object, spec: Object) -> Iterator[str]:
    whole, own = pod["spec"].get("securityContext") or {}, spec.get("securityContext") or {}
    user, group = own.get("runAsUser", whole.get("runAsUser")), own.get("runAsGroup", whole.get("runAsGroup"))
    if user is not None or group is not None:
        # A group without a user keeps the image's user, which podman spells as an empty one.
        yield f"--user={'' if user is None else user}" + (f":{group}" if group is not None else "")
    groups = [*(whole.get("supplementalGroups") or ()), *([whole["fsGroup"]] if "fsGroup" in whole else ())]
    yield from (f"--group-add={group}" for group in groups)
    if own.get("privileged"):
        yield "--privileged"
    elif own.get("allowPrivilegeEscalation") is False:
        yield "--security-opt=no-new-privileges"
    profile = own.get("seccompProfile") or whole.get("seccompProfile") or {}
    if profile.get("type") == "Unconfined":
        yield "--security-opt=seccomp=unconfined"
    capabilities = own.get("capabilities") or {}
    yield from (f"--cap-drop={_capability(name)}" for name in capabilities.get("drop") or ())
    yield from (f"--cap-add={_capability(name)}" for name in capabilities.get("add") or ())
    if own.get("readOnlyRootFilesystem"):
        yield from ("--read-only", "--read-only-tmpfs=false")


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")


def _mount(bind: Bind) -> str:
    fields = [
        "type=bind",
        f"source={bind.source}",
        f"destination={bind.target}",
        f"bind-propagation={bind.propagation}",
    ]
    if bind.read_only:
        fields.append("ro=true")
    return "--mount=" + ",".join(escape.comma_field(field) for field in fields)
