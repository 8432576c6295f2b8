"""What this machine is and can do, and the sentence for what it lacks."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from deploy.failure import Failure


def systemd_is_init() -> bool:
    """Whether systemd is PID 1 here (as sd_booted(3) decides)."""
    return Path("/run/systemd/system").is_dir()


def require_root(doing: str) -> None:
    if os.geteuid() != 0:
        raise Failure(f"{doing} needs root: run it with sudo, or as root")


def require_linux() -> None:
    if platform.system() != "Linux":
        raise Failure(f"nodes run on Linux; this is {platform.system()}: use a Linux machine or a virtual machine")


def cgroup2_mount() -> Path:
    """Where the cgroup v2 hierarchy is mounted. Raises Failure if there is none."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    raise Failure(
        "this machine has no cgroup v2 hierarchy, which systemd in the sandbox node needs: "
        "mount one (mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified)"
    )


def require_kernel_features() -> None:
    """Raises Failure naming the first kernel feature that a sandbox node needs and this kernel lacks."""
    require_linux()
    for kind in ("pid", "mnt", "net", "uts", "ipc", "cgroup"):
        if not Path(f"/proc/self/ns/{kind}").exists():
            raise Failure(f"this kernel has no {kind} namespaces, which a sandbox node needs: boot another kernel")
    if not _has_filesystem("overlay"):
        raise Failure("this kernel has no overlayfs, which a sandbox node needs: load it with `modprobe overlay`")
    cgroup2_mount()
    if _is_chroot():
        raise Failure(
            "this is a chroot, from which processes that enter a sandbox node's namespaces would come out in the "
            "machine's own files: run it on the machine itself, in a container or in a virtual machine"
        )


def _is_chroot() -> bool:
    """Whether a process that enters this very mount namespace comes out in another folder than this one's /."""
    words = ["nsenter", "--mount=/proc/self/ns/mnt", "stat", "-c", "%d:%i", "/"]
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return False
    here = Path("/").stat()
    return done.returncode == 0 and done.stdout.strip() != f"{here.st_dev}:{here.st_ino}"


def _has_filesystem(name: str) -> bool:
    """Whether the kernel knows a file system; asks for its module if it does not."""

    def known() -> bool:
        return any(line.split()[-1] == name for line in Path("/proc/filesystems").read_text().splitlines())

    return known() or (_load_module(name) and known())


def _load_module(name: str) -> bool:
    modprobe = shutil.which("modprobe", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return modprobe is not None and subprocess.run([modprobe, "-q", name], check=False).returncode == 0
