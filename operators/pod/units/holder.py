"""The service of a Pod's sandbox: a oneshot, or the process that holds a PID namespace for all containers (pure)."""

from operators.pod import names
from operators.pod.sources import Object
from operators.pod.units import escape, namespaces, security
from operators.pod.units.parts import Isolation, Machine

_ROOT = "/run/ukube/holder"
_USER = "65535:65535"  # upstream's pause image has the same
_NAME = "POD"  # no container can be called so: names are in lower case


def service(
    pod: Object, up: list[str], down: list[str], isolation: Isolation, machine: Machine
) -> list[tuple[str, str]]:
    """Lines of the [Service] section. `up`, `down`: commands that make and remove the other namespaces."""
    if not pod["spec"].get("shareProcessNamespace"):
        return [
            ("Type", "oneshot"),
            ("RemainAfterExit", "yes"),
            ("ExecStart", escape.command(up)),
            ("ExecStopPost", "-" + escape.command(down)),
        ]
    meta = pod["metadata"]
    script, run = str(machine.paths.libexec / "holder.sh"), machine.paths.pod_run(meta["uid"])
    name = names.container(meta["namespace"], meta["name"], _NAME)
    return [
        ("Type", "notify"),
        ("NotifyAccess", "all"),
        ("Delegate", "yes"),
        ("KillMode", "mixed"),
        # When it ends, so do all processes of the Pod: the containers' own units start them again, in a new sandbox.
        ("Restart", "always"),
        ("RestartSec", "100ms"),
        ("RestartMode", "direct"),
        ("TimeoutStopSec", "30"),
        ("ExecStartPre", escape.command(up)),
        ("ExecStartPre", escape.command([script, "prepare"])),
        ("ExecStart", escape.command(_podman(pod, name, isolation, machine))),
        ("StandardOutput", escape.value(f"file:{run}/{_NAME}.id")),
        ("ExecStartPost", escape.command([script, "pin", meta["uid"]])),
        ("ExecStop", "-" + escape.command([script, "stop", meta["uid"]])),
        ("ExecStopPost", "-" + escape.command([script, "clean", meta["uid"], name])),
        ("ExecStopPost", "-" + escape.command(down)),
    ]


def _podman(pod: Object, name: str, isolation: Isolation, machine: Machine) -> list[str]:
    """It can do nothing: whoever is in its namespace may see its root, which holds the program alone."""
    run = machine.paths.pod_run(pod["metadata"]["uid"])
    shared = [word for word in namespaces.words(pod, machine) if not word.startswith("--pid=")]
    return [
        machine.podman, *security.options(machine), *namespaces.hooks(pod, isolation, machine), "run", "-d", "--rm",
        "--replace", f"--name={name}", f"--pidfile={run}/{_NAME}.pid", "--sdnotify=conmon", "--cgroups=split",
        "--systemd=false", "--http-proxy=false", "--log-driver=none", *shared, *namespaces.users(isolation),
        *namespaces.runtime(isolation),
        f"--label=io.kubernetes.pod.uid={pod['metadata']['uid']}", "--ulimit=host",
        "--pids-limit=-1" if "pids" in machine.controllers else "--pids-limit=0",
        "--cap-drop=all", "--security-opt=no-new-privileges", "--security-opt=label=disable", "--passwd=false",
        f"--user={_USER}", "--read-only", "--read-only-tmpfs=false", "--rootfs", _ROOT, "/catatonit", "-P",
    ]  # fmt: skip
