"""Sandbox nodes: make, boot, enter, stop and remove them."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import command, host, packages, paths
from deploy.failure import Failure
from deploy.progress import Steps
from deploy.sandbox import boot, cgroup, disk, layers
from deploy.sandbox.files import Config, Folder, Running

BOOT_SECONDS = 60.0
STOP_SECONDS = 150.0  # systemd itself kills what is left after 90 s
POWER_OFF = signal.SIGRTMIN + 4  # systemd(1), "Signals": starts poweroff.target
REBOOT = signal.SIGRTMIN + 5
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "KUBECONFIG": str(paths.ADMIN_KUBECONFIG),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One sandbox node, running or not."""

    name: str

    @property
    def folder(self) -> Folder:
        return Folder(self.name)

    @property
    def running(self) -> Running | None:
        return Running.read(self.folder)

    @property
    def exists(self) -> bool:
        return self.folder.config.exists()

    @property
    def port(self) -> int:
        """Where on 127.0.0.1 the host reaches the node's API."""
        return Config.read(self.folder).port

    def require_running(self) -> Running:
        running = self.running
        if running is None:
            option = "" if self.name == "node" else f" --name {self.name}"
            state = "is switched off" if self.exists else "does not exist"
            raise Failure(f"sandbox node {self.name} {state}: start it with `deploy/ukube sandbox up{option}`")
        return running

    def argv(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """The host's command line that runs `words` inside the node, as root, in a cgroup of the node."""
        running = self.require_running()
        leaf = _cgroup(self.name, running) / "exec"
        script = 'echo $$ > "$1/cgroup.procs" && shift && exec nsenter "$@"'
        names = [f"{key}={value}" for key, value in {**ENVIRONMENT, **(env or {})}.items()]
        enter = ["-t", str(running.init), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "--", "env", "-i", *names]
        leaf.mkdir(exist_ok=True)
        return ["/bin/sh", "-c", script, "sh", str(leaf), *enter, *words]

    def run(
        self,
        words: Sequence[str],
        *,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 60,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program inside. `timeout`: seconds. Raises CalledProcessError if `check` and it fails."""
        return command.completed(self.argv(words, env), check=check, stdin=stdin, timeout=timeout)

    def write(self, path: str, text: str) -> None:
        """Writes a file inside, with the folders above it."""
        self.run(["sh", "-ec", 'mkdir -p "$(dirname "$1")"; cat > "$1"', "sh", path], stdin=text)


def all_nodes() -> list[Node]:
    found = sorted(paths.SANDBOXES.glob("*/node.json")) if paths.SANDBOXES.is_dir() else []
    return [Node(path.parent.name) for path in found]


def up(node: Node, steps: Steps) -> bool:
    """Boots the node, making what is missing first; returns False if it was running already."""
    host.require_root("a sandbox node")
    host.require_kernel_features()
    with _exclusive(node):
        if node.running is not None:
            return False
        packages.ensure(packages.FOR_SANDBOX, steps.line)
        with steps.step("Build the node's layers" if not node.exists else "Check the node's layers") as step:
            found = layers.all_of(lambda what: lambda words: step.say(f"{what}: {words}"))
            step.say("")
        disk.prepare(node.folder, found)
        with steps.step(f"Boot node {node.name} (systemd)") as step:
            _power_on(node)
            step.say(wait_until_booted(node))
    layers.prune(layer for one in all_nodes() for layer in _layers_of(one))
    return True


def down(node: Node, *, timeout: float = STOP_SECONDS) -> bool:
    """Switches the node off as its power button would; False if it was off. Cuts the power after `timeout` seconds."""
    running = node.running
    if running is None:
        return False
    os.kill(running.init, POWER_OFF)
    if not _wait_for_end(node, running, timeout):
        cut_power(node)
    return True


def cut_power(node: Node) -> bool:
    """Ends everything in the node at once, as pulling its plug would; False if it was off."""
    running = node.running
    if running is None:
        return False
    os.kill(running.init, signal.SIGKILL)
    if not _wait_for_end(node, running, 20):
        raise Failure(f"sandbox node {node.name} does not end (init {running.init}, keeper {running.keeper})")
    return True


def reboot(node: Node) -> str:
    """Shuts down and boots again; returns systemd's state."""
    running = node.require_running()
    os.kill(running.init, REBOOT)
    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until:
        again = node.running
        if again is not None and again.boots > running.boots:
            return wait_until_booted(node)
        if not _is_kept(node):
            break
        time.sleep(0.02)
    raise Failure(f"sandbox node {node.name} did not reboot", _tail(node))


def remove(node: Node) -> None:
    """Cuts the power and deletes the node's disk."""
    cut_power(node)
    with _exclusive(node):
        shutil.rmtree(node.folder.path)


def _power_on(node: Node) -> None:
    folder = node.folder
    folder.running.unlink(missing_ok=True)
    folder.console.write_bytes(b"")
    keeper: list[str] = [sys.executable, "-m", "deploy.sandbox.keeper", node.name]
    if host.systemd_is_init():
        unit = f"--unit=ukube-sandbox-{node.name}"
        keeper = ["systemd-run", "--scope", "--quiet", "--collect", unit, "--property=Delegate=yes", *keeper]
    with folder.keeper_log.open("wb") as log:
        # A child of nobody here: it outlives this command, and is no zombie of a long test run.
        subprocess.run(
            ["setsid", "--fork", *keeper],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(paths.CHECKOUT)},
        )


def wait_until_booted(node: Node) -> str:
    """Waits until all but Pods has started; returns "running", and which units failed. Raises Failure with the log."""
    until = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < until:
        running = node.running
        if running is not None and Path(f"/proc/{running.init}/root/run/systemd/private").exists():
            break
        if running is None and node.folder.keeper_log.stat().st_size and not _is_kept(node):
            raise Failure(f"sandbox node {node.name} did not boot", _tail(node))
        time.sleep(0.02)
    while time.monotonic() < until:
        try:
            state = node.run(["systemctl", "is-system-running"], check=False, timeout=10).stdout.strip()
            jobs = node.run(["systemctl", "list-jobs", "--plain", "--no-legend"], check=False, timeout=10).stdout
        except (subprocess.TimeoutExpired, Failure):
            continue
        if boot.is_done(state, jobs):
            failed = node.run(["systemctl", "--failed", "--plain", "--no-legend"], check=False).stdout
            return ", ".join(["running", *(f"{line.split()[0]} failed" for line in failed.splitlines() if line)])
        time.sleep(0.05)
    raise Failure(f"sandbox node {node.name} did not boot within {BOOT_SECONDS:.0f} s", _tail(node))


def _wait_for_end(node: Node, running: Running, timeout: float) -> bool:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if not _is_kept(node):
            return True
        time.sleep(0.02)
    return False


def _is_kept(node: Node) -> bool:
    """Whether a keeper holds the node's lock: certain, as the kernel drops a lock with the process that holds it."""
    try:
        handle = node.folder.lock.open("a")
    except FileNotFoundError:
        return False
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def _exclusive(node: Node) -> Iterator[None]:
    """Keeps two commands from starting or removing the same node at once."""
    folder = node.folder
    try:
        paths.SANDBOXES.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.path.mkdir(mode=0o700, exist_ok=True)
        handle = (paths.SANDBOXES / f".{node.name}.lock").open("a")
    except OSError as error:
        raise Failure(f"cannot write to {paths.SANDBOXES}: {error.strerror}") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _cgroup(name: str, running: Running) -> Path:
    """The cgroup that the node's systemd sees as the root, on the host."""
    if host.systemd_is_init():
        where = Path(f"/proc/{running.keeper}/cgroup").read_text().split("0::", 1)[1].split("\n", 1)[0]
        return host.cgroup2_mount() / where.lstrip("/").removesuffix("/keeper") / "node"
    return cgroup.base(name) / "node"


def _layers_of(node: Node) -> list[Path]:
    return [Path(layer) for layer in Config.read(node.folder).lower.split(":")]


def _tail(node: Node) -> str:
    """The last words of the keeper and of the node's console."""
    logs = (node.folder.keeper_log, node.folder.console)
    return "\n".join(
        f"--- {log}\n{command.tail(log.read_text(errors='replace'))}"
        for log in logs
        if log.exists() and log.stat().st_size
    )
