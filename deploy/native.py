"""MicroKube on this very machine: install, start, stop, remove."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from deploy import command, environment, health, host, install, packages, paths
from deploy.failure import Failure
from deploy.machine import Host
from deploy.progress import Steps
from deploy.sandbox import layers

PREFIX = Path(paths.PREFIX)
STAMP = PREFIX / "installed"
BIN = PREFIX / "bin"
PODS = ("ukube.target", "kubepods.slice")
# What Pods and operators leave on a machine; removed by `down --purge` only.
LEFT = ("/var/lib/ukube", "/etc/ukube", "/run/ukube", "/opt/ukube", "/var/log/pods")
UNIT_PATTERNS = ("ukube-*.service", "ukube-*.socket", "ukube-*.timer", "ukube.target", "kubepods*.slice")
NFT_TABLE = ("inet", "ukube")
BRIDGE = "ukube0"


def up(steps: Steps) -> None:
    """Installs what is missing or has changed, starts the services and waits until they are ready."""
    _require()
    with steps.step("What the distribution provides") as step:
        packages.ensure(packages.FOR_NODE, step.say)
    _ensure_kubectl(steps)
    changed = _install(steps)
    with steps.step("Start API server and operators"):
        verb = "restart" if changed else "start"
        _systemctl("enable", "--quiet", "podman.socket", install.SOCKET, *install.UNITS)  # `down` disables
        _systemctl("start", "podman.socket")
        _systemctl(verb, "--no-block", *health.SERVICES)
        health.wait_until_ready(Host())


def down(steps: Steps, *, purge: bool) -> None:
    """Stops the services and all Pods, and keeps them from starting at boot. `purge` also removes every trace."""
    _require()
    with steps.step("Stop API server, operators and Pods"):
        _systemctl("stop", "ukube-*.timer", check=False)  # it would start them again
        _systemctl("disable", "--now", "--quiet", install.SOCKET, *reversed(health.SERVICES), check=False)
        _systemctl("disable", "--quiet", "ukube.target", check=False)
        _systemctl("stop", "ukube-*.service", *PODS, check=False)
    if purge:
        with steps.step("Remove what they left"):
            _purge()


def _ensure_kubectl(steps: Steps) -> None:
    """A host that has none gets kubectl and Helm into /opt/ukube/bin."""
    if shutil.which("kubectl") or (BIN / "kubectl").exists():
        return
    with steps.step("kubectl") as step:
        BIN.mkdir(mode=0o755, parents=True, exist_ok=True)
        for program in (layers.tools(step.say) / "usr/local/bin").iterdir():
            shutil.copy2(program, BIN / program.name)


def python_version() -> str:
    """The version of the interpreter that units run, as "3.13"."""
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    return command.run(["/usr/bin/python3", "-c", asked], doing="ask for the version of /usr/bin/python3").strip()


def _require() -> None:
    host.require_root("MicroKube on this machine")
    if not host.systemd_is_init():
        raise Failure(
            "systemd is not PID 1 on this machine, so MicroKube cannot run on it directly: "
            "use a sandbox node, `deploy/ukube sandbox up`"
        )
    host.cgroup2_mount()


def _install(steps: Steps) -> bool:
    """Writes code, environment and units; False if all of it was in place."""
    python = python_version()
    if tuple(map(int, python.split("."))) < (3, 11):
        raise Failure(
            f"/usr/bin/python3 is {python}, and MicroKube's units need 3.11 or newer: upgrade the distribution"
        )
    plan = install.plan()
    wanted = f"{plan.digest()} {environment.VERSION} {python} {hash_of(environment.lock_text())}\n"
    if STAMP.exists() and STAMP.read_text() == wanted:
        return False
    with steps.step(f"Install to {PREFIX}") as step:
        step.say("pinned dependencies")
        fresh = PREFIX.with_name(".ukube-new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o755)
        environment.make(fresh, python)
        shutil.rmtree(PREFIX / "venv", ignore_errors=True)
        PREFIX.mkdir(mode=0o755, exist_ok=True)
        (fresh / "venv").rename(PREFIX / "venv")
        shutil.rmtree(fresh)
        step.say("code and units")
        plan.write(Path("/"))
        compile_all = ["/usr/bin/python3", "-m", "compileall", "-q", str(PREFIX / "venv"), str(PREFIX / "src")]
        command.run(compile_all, doing="byte-compile the installation")
        command.run(["systemd-sysusers", "ukube.conf"], doing="make the user ukube")
        command.run(["systemd-tmpfiles", "--create", "ukube.conf"], doing="make MicroKube's folders")
        _systemctl("daemon-reload")
        STAMP.write_text(wanted)
    return True


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _purge() -> None:
    """Removes units, containers, network and files. Each step copes with what is not there."""
    containers = command.run(
        ["podman", "ps", "-aq", "--filter", "label=io.kubernetes.pod.uid"], doing="list the Pods' containers"
    ).split()
    if containers:
        _try("podman", "rm", "-f", "-t", "0", *containers)
    _try("nft", "delete", "table", *NFT_TABLE)
    _try("ip", "link", "delete", BRIDGE)
    for pinned in Path("/run/netns").glob("ukube-*"):
        _try("ip", "netns", "delete", pinned.name)
    for pattern in UNIT_PATTERNS:
        for file in Path(install.UNIT_FOLDER).rglob(pattern):
            file.unlink(missing_ok=True)
    _systemctl("daemon-reload")
    for path in install.FILES:
        Path(path).unlink(missing_ok=True)
    for left in LEFT:
        _unmount_below(left)
        shutil.rmtree(left, ignore_errors=True)
    if shutil.which("userdel"):
        _try("userdel", "ukube")


def _unmount_below(folder: str) -> None:
    """Deleting through a mount would delete what is mounted."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for where in reversed(mounts):
        if where.startswith(f"{folder}/"):
            command.run(["umount", "-l", where.encode().decode("unicode_escape")], doing=f"unmount {where}")


def _try(*argv: str) -> None:
    """Runs what may well have nothing to do."""
    subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, capture_output=True)


def _systemctl(*words: str, check: bool = True) -> None:
    done = subprocess.run(["systemctl", *words], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise Failure(f"systemctl {' '.join(words)} failed", command.tail(done.stderr))
