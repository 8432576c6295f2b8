"""A Pod's files on the node: unit files, links for the boot, environment, what its containers mount (blocking)."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from operators.pod import names
from operators.pod.environment.env_file import Rendered
from operators.pod.inventory import Record
from operators.pod.paths import Paths
from operators.pod.volumes import disk

_LIBEXEC = Path(__file__).parent / "libexec"


def write(path: Path, text: str, mode: int = 0o644) -> bool:
    """Puts the text there in one rename; False when it was there already. Raises OSError (disk full)."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
            out.write(data)
        fresh.rename(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return True


def install(paths: Paths, units: Mapping[str, str]) -> bool:
    """The programs that units call, and the node's own units; True when systemd must read its files again."""
    for source in sorted(_LIBEXEC.glob("*.sh")):
        write(paths.libexec / source.name, source.read_text(), 0o755)
    changed = [write(paths.units / name, text) for name, text in units.items()]
    link = paths.units / "multi-user.target.wants" / "ukube.target"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("../ukube.target")
        return True
    return any(changed)


def make_folders(paths: Paths, uid: str) -> None:
    for folder in (paths.pod_state(uid), paths.pod_run(uid), paths.pod_run(uid) / "env"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def write_units(paths: Paths, units: Mapping[str, str], *, boots: bool = True) -> None:
    """Unit files; services also get their link for the boot, if `boots`."""
    for name, text in units.items():
        write(paths.units / name, text)
        if name.endswith(".service") and boots:
            link = paths.boot / name
            if not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(paths.units / name)


def write_environment(paths: Paths, uid: str, container: str, rendered: Rendered, settings: str = "") -> None:
    """What `podman run` reads the container's environment from. `settings`: of its containers.conf, [containers]."""
    folder = paths.pod_run(uid) / "env"
    write(folder / f"{container}.toml", _settings(rendered, settings), 0o600)
    write(folder / container, rendered.plain, 0o600)


def has_environment(paths: Paths, uid: str, container: str, rendered: Rendered, settings: str = "") -> bool:
    """Whether that is there already."""
    folder = paths.pod_run(uid) / "env"
    conf = read(folder / f"{container}.toml")
    return read(folder / container) == rendered.plain and conf == _settings(rendered, settings)


def _settings(rendered: Rendered, settings: str) -> str:
    return "[containers]\n" + settings + rendered.conf.removeprefix("[containers]\n")


def make_termination_log(paths: Paths, uid: str, container: str) -> Path:
    path = paths.pod_state(uid) / "termination" / container
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o666)  # whatever user the container runs as
    return path


def unlink_boot(paths: Paths, record: Record) -> None:
    """The Pod is over: nothing of it starts at the next boot."""
    for name in services(record):
        (paths.boot / name).unlink(missing_ok=True)


def mark_started(paths: Paths, uid: str, container: str) -> None:
    """Before the start of a container that must not be started twice: a reboot makes it a lost one."""
    write(paths.pod_state(uid) / "started" / container, boot_id(paths))


def lost_since(paths: Paths, uid: str, container: str) -> float | None:
    """When a marked container was started, if the machine has been started again since."""
    mark = paths.pod_state(uid) / "started" / container
    marked = read(mark)
    return mark.stat().st_mtime if marked and marked != boot_id(paths) else None


def boot_id(paths: Paths) -> str:
    """Another one after each boot. The kernel's is the same for all that share it, machines in namespaces too."""
    if not (found := read(paths.run / "boot-id")):
        found = uuid.uuid4().hex
        write(paths.run / "boot-id", found)
    return found


def remove_units(paths: Paths, record: Record) -> None:
    """The unit files and boot links of a Pod whose units have stopped."""
    unlink_boot(paths, record)
    for name in (*services(record), record.slice):
        if name:
            (paths.units / name).unlink(missing_ok=True)


def remove_unit(paths: Paths, name: str) -> None:
    """The unit file and boot link of one container that does not run."""
    (paths.boot / name).unlink(missing_ok=True)
    (paths.units / name).unlink(missing_ok=True)


def kill_payload(paths: Paths, cgroup: str) -> None:
    """SIGKILL to the container in a unit's cgroup, but not to its conmon."""
    for payload in (paths.cgroups / cgroup).glob("libpod-payload-*/cgroup.kill"):
        payload.write_text("1")


def remove(paths: Paths, record: Record) -> None:
    """Everything of a Pod whose units have stopped. Safe to repeat; the unit files, which name the rest, go last."""
    unlink_boot(paths, record)
    pin = paths.netns / f"ukube-{record.uid}"
    if pin.exists():
        subprocess.run([str(paths.libexec / "sandbox.sh"), "down", record.uid, "-"], check=False)
        pin.unlink(missing_ok=True)
    disk.remove(paths.pod_state(record.uid), paths.pod_run(record.uid))
    if record.key is not None:
        log_dir = paths.logs / names.log_dir(record.key.namespace, record.key.name, record.uid)
        shutil.rmtree(log_dir, ignore_errors=True)
    remove_units(paths, record)


def read(path: Path) -> str:
    """The text of a small file; "" when it is not there."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def services(record: Record) -> list[str]:
    """The Pod's service units, the sandbox first."""
    return [name for name in (record.sandbox, *(found.name for found in record.units.values())) if name]
