"""The `podman run` command of one container (pure)."""

import json
from collections.abc import Iterator

from operators.pod import names
from operators.pod.resources import words as resources
from operators.pod.sources import Object
from operators.pod.units import escape, namespaces, security
from operators.pod.units.parts import Container, Machine
from operators.pod.volumes import words as volumes

#: Stands for the run's own log file name; systemd puts the invocation's ID in.
INVOCATION = "${INVOCATION_ID}"


def words(pod: Object, container: Container, machine: Machine) -> list[str]:
    """The command line; the word with INVOCATION in it is not literal, all others are."""
    meta, spec = pod["metadata"], container.spec
    name, uid = spec["name"], meta["uid"]
    run = machine.paths.pod_run(uid)
    log_dir = machine.paths.log_dir(meta["namespace"], meta["name"], uid, name)
    line = [machine.podman, *security.options(machine), *namespaces.hooks(pod, container.isolation, machine), "run"]
    line += [f"--name={names.container(meta['namespace'], meta['name'], name)}", "--replace"]
    if container.role == "init":
        # It is waited for, but what it prints goes to its log only; podman's own errors stay for the journal.
        line += ["--attach=stdin", "--sdnotify=ignore"]
    else:
        # --rm: conmon cleans up and removes in one go, so that the post step has nothing to do.
        line += ["-d", "--rm", "--sdnotify=conmon"]
    line += [f"--cidfile={run}/{name}.cid", f"--pidfile={run}/{name}.pid"]
    line += ["--cgroups=split", "--pull=never", "--systemd=false", "--http-proxy=false", "--no-healthcheck"]
    line += ["--log-driver=k8s-file", f"--log-opt=path={log_dir}/{INVOCATION}.log"]
    line += list(namespaces.words(pod, machine))
    line += [*namespaces.users(container.isolation), *namespaces.runtime(container.isolation)]
    if container.pid_namespace and not any(word.startswith("--pid=") for word in line):
        line.append(f"--pid={container.pid_namespace}")
    line += list(namespaces.shared_memory(pod, container.binds, machine))
    line += list(_labels(meta, name))
    line += [f"--env-file={run}/env/{name}", *container.env_words]
    line += list(resources.words(pod, spec, machine))
    line += list(security.words(pod, spec, container.user, machine))
    line += list(volumes.words(namespaces.mapped(container.binds, container.isolation), container.devices))
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


def _labels(meta: Object, name: str) -> Iterator[str]:
    yield f"--label=io.kubernetes.pod.name={meta['name']}"
    yield f"--label=io.kubernetes.pod.namespace={meta['namespace']}"
    yield f"--label=io.kubernetes.pod.uid={meta['uid']}"
    yield f"--label=io.kubernetes.container.name={name}"
