"""The one cgroup of a sandbox node; nothing outside it is touched.

Where systemd runs the host, the node lives in a scope that systemd delegated to it; elsewhere in a top-level cgroup of
its own. A machine that was switched off has no cgroups, so whatever a power cut left is removed before a boot.
"""

import contextlib
import os
import time
from pathlib import Path

from deploy import host

CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")


def base(name: str) -> Path:
    """The cgroup that holds everything of the node `name`, as its keeper sees it."""
    mount = host.cgroup2_mount()
    if host.systemd_is_init():
        return mount / own().lstrip("/")
    return mount / f"ukube-sandbox-{name}"


def own() -> str:
    """The cgroup v2 path of the calling process."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return line[3:]
    return "/"


def settle(folder: Path) -> None:
    """Makes the base and gives what is below it all controllers that it has itself."""
    make(folder)
    if host.systemd_is_init():
        # Controllers can be handed down only by a cgroup without processes of its own.
        make(folder / "keeper")
        enter(folder / "keeper")
    offered = (folder / "cgroup.controllers").read_text().split()
    for controller in CONTROLLERS:
        if controller in offered:
            with contextlib.suppress(OSError):
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def make(folder: Path) -> None:
    folder.mkdir(exist_ok=True)


def enter(folder: Path) -> None:
    """Moves the calling process."""
    (folder / "cgroup.procs").write_text("0")


def remove_tree(folder: Path, *, keep_top: bool, patience: float = 5.0) -> None:
    """Removes the cgroups below, and the folder itself unless `keep_top`. Waits `patience` seconds for the dead."""
    until = time.monotonic() + patience
    while folder.exists():
        for where, _, _ in os.walk(folder, topdown=False):
            if not (keep_top and where == str(folder)):
                with contextlib.suppress(OSError):
                    Path(where).rmdir()
        left = [where for where, _, _ in os.walk(folder) if not (keep_top and where == str(folder))]
        if not left or time.monotonic() > until:
            return
        time.sleep(0.02)
