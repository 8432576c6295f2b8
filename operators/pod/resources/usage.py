"""What Pods, their containers and the node use, read from cgroup files and /proc. All of it blocks: use a thread.

Figures are those that cAdvisor takes for kubelet: working set = usage less the inactive file cache, rss = anonymous
memory, CPU time cumulative. Where the machine lacks the memory controller, the processes of the group are added up.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from operators.pod import names
from operators.pod.inventory import Record
from operators.pod.paths import Paths
from operators.pod.resources import groups, machine
from operators.pod.resources.figures import Container, FileSystem, Group, Interface, Place, Pod


def pod(paths: Paths, record: Record) -> Pod:
    """What a Pod of the inventory uses now; a container that does not run is left out."""
    where = paths.cgroups / names.cgroup(record.slice, "")
    places = containers(paths, record)
    found = tuple(Container(p.name, p.id, p.pid, p.payload, groups.read(p.payload)) for p in places)
    # The sandbox's address is "" on the host's network, whose figures are not the Pod's.
    inside = interfaces(found[0].pid) if found and record.address else ()
    return Pod(record.uid, where, groups.read(where), found, inside)


def node(paths: Paths) -> Group:
    """What the whole machine uses."""
    return machine.read(paths.cgroups)


def interfaces(pid: int | None = None) -> tuple[Interface, ...]:
    """Of the network namespace that a process is in; None: of the node."""
    text = groups.text(Path("/proc") / (str(pid) if pid else "self") / "net/dev")
    found = []
    for line in text.splitlines()[2:]:
        name, _, rest = line.partition(":")
        n = [int(number) for number in rest.split()]
        if name.strip() != "lo" and len(n) >= 12:
            found.append(Interface(name.strip(), n[0], n[1], n[2], n[3], n[8], n[9], n[10], n[11]))
    return tuple(found)


def file_system(path: Path) -> FileSystem:
    """The one that holds the path. Raises OSError."""
    s = os.statvfs(path)
    size = s.f_frsize
    return FileSystem(
        s.f_blocks * size,
        s.f_bavail * size,
        (s.f_blocks - s.f_bfree) * size,
        s.f_files,
        s.f_favail,
        s.f_files - s.f_ffree,
    )


def disk_usage(path: Path) -> tuple[int, int]:
    """(bytes, inodes) that a folder takes on its own file system; what vanishes meanwhile is not counted."""
    total, inodes, seen = 0, 0, set()
    try:
        top = os.lstat(path)
    except OSError:
        return 0, 0
    stack = [(os.fspath(path), top)]
    while stack:
        where, status = stack.pop()
        if (status.st_ino in seen and status.st_nlink > 1) or status.st_dev != top.st_dev:
            continue
        if status.st_nlink > 1:
            seen.add(status.st_ino)
        total += status.st_blocks * 512
        inodes += 1
        if (status.st_mode & 0o170000) == 0o040000:
            stack.extend(_entries(where))
    return total, inodes


def _entries(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    yield entry.path, entry.stat(follow_symlinks=False)
                except OSError:
                    continue
    except OSError:
        return


def containers(paths: Paths, record: Record) -> Iterator[Place]:
    """Those that run."""
    run = paths.pod_run(record.uid)
    for name, unit in record.units.items():
        pid, cid = groups.text(run / f"{name}.pid"), groups.text(run / f"{name}.cid")
        payload = payload_of(paths, record, unit.name, cid)
        if pid.isdecimal() and payload is not None:
            yield Place(name, cid, int(pid), payload, _layer(int(pid)))


def _layer(pid: int) -> Path | None:
    """What the container has written over its image: the upper directory of its root, where that is an overlay."""
    for line in groups.text(Path(f"/proc/{pid}/mountinfo")).splitlines():
        if line.split()[4] == "/":
            found = re.search(r"[ ,]upperdir=([^ ,]+)", line)
            return Path(found[1]) if found else None
    return None


def payload_of(paths: Paths, record: Record, unit_name: str, cid: str) -> Path | None:
    """The control group of a container's own processes, without podman's; None while there is none."""
    if not cid:
        return None
    folder = paths.cgroups / names.cgroup(record.slice, unit_name)
    found = folder / f"libpod-payload-{cid}"
    return found if found.is_dir() else None
