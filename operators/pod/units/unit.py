"""A Pod as systemd units: the text of its slice, its sandbox and each of its containers (pure).

One oneshot unit holds the Pod's namespaces; every container is a unit bound to it. Init containers are oneshots
chained by Requires= and After=, so that systemd alone brings the Pod up in order, at boot too.
"""

import hashlib
import json
import signal
from collections.abc import Iterable
from pathlib import Path

from operators.pod import names
from operators.pod.environment import hosts
from operators.pod.hooks import words as hooks
from operators.pod.lifecycle import policy
from operators.pod.resources import cgroups
from operators.pod.security import sysctls
from operators.pod.sources import Object
from operators.pod.units import escape, holder, invocation, node, text
from operators.pod.units.parts import Container, Isolation, Machine

SECTION = "X-Ukube"
_SLACK = 30  # seconds that podman may take to stop a container beyond its grace period
_SIGNALS = {int(number): number.name for number in signal.Signals}
_RESTART = {"Always": "always", "OnFailure": "on-failure", "Never": "no"}


def slice_(pod: Object, qos: str) -> dict[str, str]:
    """The Pod's slice, with what holds for all of it; its containers' own limits are where they can see them."""
    meta = pod["metadata"]
    return {
        names.slice_(meta["uid"], qos): text.render(
            (
                "Unit",
                [("Description", escape.value(f"Pod {meta['namespace']}/{meta['name']}")), ("StopWhenUnneeded", "yes")],
            ),
            ("Slice", cgroups.properties(cgroups.of_slice(pod, qos))),
            (SECTION, _identity(pod, "slice")),
        )
    }


def sandbox(
    pod: Object,
    qos: str,
    address: str,
    machine: Machine,
    host_ports: str = "[]",
    isolation: Isolation = Isolation(),  # noqa: B008 - frozen
) -> dict[str, str]:
    """The sandbox unit. `address`: the Pod's own, without prefix; "" on the host's network. `host_ports`: JSON."""
    meta = pod["metadata"]
    uid, script = meta["uid"], str(machine.paths.libexec / "sandbox.sh")
    veth = names.veth(uid)
    where = f"{address}/{machine.prefix}" if address else "host"
    up = [script, "up", uid, hosts.hostname(pod) or "-", where, machine.gateway, machine.bridge, veth]
    up += ["host" if pod["spec"].get("hostIPC") else "own", str(isolation.users), *sysctls.settings(pod)]
    unit = text.render(
        (
            "Unit",
            [
                ("Description", escape.value(f"Pod {meta['namespace']}/{meta['name']} namespaces")),
                ("Requires", node.NETWORK),
                ("After", node.NETWORK),
                ("CollectMode", "inactive-or-failed"),
            ],
        ),
        (
            "Service",
            [
                ("Slice", names.slice_(uid, qos)),
                *holder.service(pod, up, [script, "down", uid, veth], isolation, machine),
                ("TimeoutStartSec", "30"),
            ],
        ),
        (
            SECTION,
            [
                *_identity(pod, "sandbox"),
                ("Address", address),
                ("HostPorts", host_ports),
                ("Users", str(isolation.users)),
                ("Runtime", json.dumps(isolation.runtime)),
            ],
        ),
    )
    return {names.unit(meta["namespace"], meta["name"]): unit}


def container(pod: Object, resolved: Container, qos: str, machine: Machine) -> dict[str, str]:
    """The unit of one container. Raises ValueError when its command cannot be written down (NUL)."""
    meta, name = pod["metadata"], resolved.spec["name"]
    unit = text.render(
        ("Unit", _container_unit(pod, resolved, machine)),
        ("Service", _container_service(pod, resolved, qos, machine)),
        (
            SECTION,
            [
                *_identity(pod, resolved.role),
                ("Container", json.dumps(name)),
                ("Image", json.dumps(resolved.image.id)),
                ("Hash", restart_hash(resolved.spec)),
            ],
        ),
    )
    return {names.unit(meta["namespace"], meta["name"], name): unit}


def restart_hash(spec: Object) -> str:
    """Changes when a running container must be replaced: of its spec only the image may change at all.

    It is not a hash of the unit's text, so that a newer MicroKube adopts what an older one has started.
    """
    return hashlib.sha256(str(spec.get("image", "")).encode()).hexdigest()[:16]


def predecessors(pod: Object, name: str) -> list[str]:
    """The init containers that must have finished (or, as sidecars, started) before this container starts."""
    if any(spec["name"] == name for spec in pod["spec"].get("ephemeralContainers") or ()):
        return []
    every = [spec["name"] for spec in pod["spec"].get("initContainers") or ()]
    return every[: every.index(name)] if name in every else every


def identity(text: str) -> dict[str, str]:
    """The [X-Ukube] section of a unit's text; {} where there is none or it is damaged."""
    _, found, section = text.partition(f"[{SECTION}]\n")
    result = {}
    for line in section.splitlines() if found else ():
        key, _, raw = line.partition("=")
        try:
            result[key] = str(json.loads(raw)) if raw.startswith('"') else raw
        except ValueError:
            return {}
    return result


def grace_period(pod: Object) -> int:
    seconds = pod["spec"].get("terminationGracePeriodSeconds")
    return 30 if seconds is None else int(seconds)


def _longest_grace(pod: Object, spec: Object) -> int:
    """A probe that has failed may have the container killed with a grace period of its own."""
    probes = (spec.get("livenessProbe") or {}, spec.get("startupProbe") or {})
    return max(grace_period(pod), *(int(probe.get("terminationGracePeriodSeconds") or 0) for probe in probes))


def _container_unit(pod: Object, resolved: Container, machine: Machine) -> list[tuple[str, str]]:
    meta, name = pod["metadata"], resolved.spec["name"]
    sandbox_unit = names.unit(meta["namespace"], meta["name"])
    before = " ".join(names.unit(meta["namespace"], meta["name"], other) for other in predecessors(pod, name))
    kind = {"init": "init container", "ephemeral": "ephemeral container"}.get(resolved.role, resolved.role)
    lines = [
        ("Description", escape.value(f"Pod {meta['namespace']}/{meta['name']} {kind} {name}")),
        ("BindsTo", sandbox_unit),
        ("After", f"{sandbox_unit} {before}".strip()),
    ]
    # A sidecar that is ended (a probe, another image) takes nobody along, so it is only wanted.
    for word, needed in (("Requires", [n for n in predecessors(pod, name) if n not in _sidecars(pod)]),
                         ("Wants", [n for n in predecessors(pod, name) if n in _sidecars(pod)])):  # fmt: skip
        if needed:
            lines.append((word, " ".join(names.unit(meta["namespace"], meta["name"], other) for other in needed)))
    if policy.of(pod, resolved.spec, resolved.role) != "Always" and resolved.role != "init":
        # What has ended for good stays ended over a reboot. Init containers run again, as in a new sandbox upstream.
        done = machine.paths.pod_state(meta["uid"]) / "done" / name
        lines.append(("ConditionPathExists", f"!{done}"))
    return [*lines, ("StartLimitIntervalSec", "0"), ("CollectMode", "inactive-or-failed")]


def _container_service(pod: Object, resolved: Container, qos: str, machine: Machine) -> list[tuple[str, str]]:
    meta, spec, paths = pod["metadata"], resolved.spec, machine.paths
    uid, name = meta["uid"], spec["name"]
    restart, run = policy.of(pod, spec, resolved.role), paths.pod_run(uid)
    is_init = resolved.role == "init"
    post = [
        str(paths.libexec / "post.sh"), str(run), str(paths.pod_state(uid)), name,
        names.container(meta["namespace"], meta["name"], name), "Init" if is_init else restart,
        *_statuses(policy.forced(spec)),
    ]  # fmt: skip
    stop = stop_command(pod, resolved, machine)
    kind = (
        [("Type", "oneshot"), ("RemainAfterExit", "yes")] if is_init else [("Type", "notify"), ("NotifyAccess", "all")]
    )
    environment = [
        ("Environment", "PODMAN_SYSTEMD_UNIT=%n"),
        ("Environment", f"CONTAINERS_CONF_OVERRIDE={run}/env/{name}.toml"),
    ]
    return [
        *kind,
        ("Slice", names.slice_(uid, qos)),
        ("Delegate", "yes"),
        ("CPUWeight", str(cgroups.of_container(pod, spec).weight)),
        ("TasksMax", "infinity"),
        ("KillMode", "mixed"),
        ("OOMPolicy", "stop"),
        ("Restart", _RESTART[restart]),
        *_forced(spec, is_init=is_init),
        ("RestartSec", "10s"),
        ("RestartSteps", "5"),
        ("RestartMaxDelaySec", "300s"),
        ("RestartMode", "direct"),
        ("TimeoutStartSec", "infinity" if is_init else "120"),
        # An init container has no ExecStop: podman hands SIGTERM on, systemd kills what is left after the grace period.
        ("TimeoutStopSec", str(max(1, grace_period(pod)) if is_init else _longest_grace(pod, spec) + _SLACK)),
        ("LimitNOFILE", "1048576"),
        ("SyslogIdentifier", name),
        ("LogsDirectory", escape.value(f"pods/{names.log_dir(meta['namespace'], meta['name'], uid)}/{name}")),
        ("LogsDirectoryMode", "0750"),
        *environment,
        *_pins(resolved, uid, machine),
        ("ExecStart", invocation.exec_line(pod, resolved, machine)),
        # `podman run -d` prints the container's ID. "truncate:" would empty it again for ExecStop=.
        ("StandardOutput", "null" if is_init else escape.value(f"file:{run}/{name}.id")),
        ("StandardError", "journal"),
        *_post_start(pod, resolved, run, machine),
        *([] if is_init else [("ExecStop", "-" + escape.command(stop))]),
        ("ExecStopPost", "-" + escape.command(post)),
    ]


def _forced(spec: Object, *, is_init: bool) -> list[tuple[str, str]]:
    """Restart rules of the container; systemd does not restart a oneshot that has ended well."""
    statuses = _statuses(policy.forced(spec) - ({0} if is_init else set()))
    return [("RestartForceExitStatus", " ".join(statuses))] if statuses else []


def _statuses(codes: Iterable[int]) -> list[str]:
    """Exit codes as systemd tells them: as numbers, those of signals by name too."""
    found = []
    for code in sorted(codes):
        found.append(str(code))
        if code - 128 in _SIGNALS:
            found.append(_SIGNALS[code - 128])
    return found


def _sidecars(pod: Object) -> set[str]:
    return {spec["name"] for spec in pod["spec"].get("initContainers") or () if spec.get("restartPolicy") == "Always"}


def _pins(resolved: Container, uid: str, machine: Machine) -> list[tuple[str, str]]:
    """What the container sees of its volumes is looked up at each start, after the init containers."""
    if not resolved.has_pins:
        return []
    paths, name = machine.paths, resolved.spec["name"]
    words = [paths.libexec / "mounts.sh", paths.pod_state(uid) / "mounts" / name, paths.pod_run(uid) / "pins" / name]
    return [("ExecStartPre", escape.command([*map(str, words), name]))]


def _post_start(pod: Object, resolved: Container, run: Path, machine: Machine) -> list[tuple[str, str]]:
    """The unit is not up before its hook has ended, as upstream the container is not Running."""
    spec = resolved.spec
    hook = hooks.words(pod, spec, "postStart", machine.paths, resolved.isolation.runtime)
    if not hook:
        return []
    # When it fails, the container is ended as at any other time.
    _, _, name, *ending = stop_command(pod, resolved, machine)
    words = [str(machine.paths.libexec / "start.sh"), str(run), name, *ending[:2], str(len(hook)), *hook, *ending[2:]]
    return [("ExecStartPost", escape.command(words))]


def stop_command(pod: Object, resolved: Container, machine: Machine) -> list[str]:
    """What ends the container within its grace period, preStop included."""
    spec, ending = resolved.spec, stop_signal_of(resolved.spec, resolved.image.stop_signal)
    hook = hooks.words(pod, spec, "preStop", machine.paths, resolved.isolation.runtime)
    run = machine.paths.pod_run(pod["metadata"]["uid"])
    return [str(machine.paths.libexec / "stop.sh"), str(run), spec["name"], ending, str(grace_period(pod)), *hook]


def stop_signal_of(spec: Object, of_image: str) -> str:
    """The name of what ends the container, without SIG, or its number."""
    return str((spec.get("lifecycle") or {}).get("stopSignal") or of_image or "TERM").removeprefix("SIG")


def _identity(pod: Object, role: str) -> list[tuple[str, str]]:
    meta = pod["metadata"]
    return [
        ("Namespace", json.dumps(meta["namespace"])),
        ("Pod", json.dumps(meta["name"])),
        ("UID", json.dumps(meta["uid"])),
        ("Role", role),
    ]
