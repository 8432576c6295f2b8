"""Makes a Pod's volumes real on disk and in memory, and takes them away again (blocking: call it in a thread)."""

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from operators.pod import sources
from operators.pod.volumes import atomic, host_path, mounting, ownership, plan
from operators.pod.volumes.ownership import Progress
from operators.pod.volumes.parts import Failure, Volume


def ensure(volumes: Iterable[Volume], found: Path, tell: Progress) -> list[Failure]:
    """Makes every volume be what it is declared as; what is right already is not touched.

    found: a folder in memory that remembers which volumes that were there before the Pod have been looked at. tell:
    gets a message now and then while it takes long to hand one over to the Pod's group.
    """
    failures = []
    for volume in volumes:
        try:
            _ensure(volume, found, tell)
        except (sources.Missing, sources.Unsupported) as error:
            is_needed = not (volume.kind == "absent" and volume.path and atomic.exists(Path(volume.path)))
            failures.append(Failure(volume.name, plan.failure(volume.name, error.message), is_needed))
        except OSError as error:
            is_needed = volume.kind != "files" or not atomic.exists(Path(volume.path))
            failures.append(Failure(volume.name, plan.failure(volume.name, words(error)), is_needed))
    return failures


def remove(*roots: Path) -> None:
    """Unmounts whatever is mounted below the roots, then deletes them. Absent roots are fine.

    Mounts are detached before anything is deleted, so that a host path or sub path is never emptied.
    """
    mounting.unmount_below(*roots)
    for root in roots:
        if root.exists():
            shutil.rmtree(root)


def release(run: Path, state: Path) -> None:
    """What a Pod that has ended had in memory: its mounts, secrets, volumes of medium Memory; it never boots again."""
    remove(run / "volumes", run / "pins", run / "env")
    (state / "sealed").unlink(missing_ok=True)


def _ensure(volume: Volume, found: Path, tell: Progress) -> None:
    path = Path(volume.path)
    match volume.kind:
        case "absent":
            raise sources.Missing(volume.error)
        case "files":
            atomic.ensure(path, volume.files, volume.group)
        case "directory":
            _make_directory(path, volume.group)
        case "tmpfs" | "hugetlbfs":
            path.mkdir(parents=True, exist_ok=True)
            if not path.is_mount():
                mounting.mount(volume.kind, path, volume.options)
                if volume.group is not None:
                    path.chmod(0o2777)  # hugetlbfs takes no such mode as an option
        case "host" | "claim" | "block":
            # As kubelet: once for each start of a Pod, not again while it runs.
            if not (found / volume.name).exists():
                _find(volume, path, tell)
                found.mkdir(parents=True, exist_ok=True)
                (found / volume.name).touch()


def _make_directory(path: Path, group: int | None) -> None:
    if path.is_dir():
        return  # its mode and group may have been changed by the Pod meanwhile
    fresh = path.with_name(f".{path.name}.new")
    fresh.mkdir(parents=True, exist_ok=True)
    if group is not None:
        os.chown(fresh, -1, group)
    fresh.chmod(0o777 if group is None else 0o2777)
    fresh.rename(path)


def _find(volume: Volume, path: Path, tell: Progress) -> None:
    """A volume that is not made for the Pod."""
    if volume.kind == "host":
        host_path.ensure(path, volume.host_type)
    elif not path.exists():
        raise sources.Missing(f'path "{path}" does not exist')
    elif volume.kind == "block" and not path.is_block_device():
        raise sources.Missing(f"{path} is not a block device")
    elif volume.kind == "claim" and volume.group is not None:
        ownership.apply(path, volume.group, volume.policy, tell, volume.name)


def words(error: OSError) -> str:
    """As upstream says what the disk would not do."""
    text = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = "no space left on device" if error.errno == errno.ENOSPC else "disk quota exceeded"
    return f"{error.filename}: {text}" if error.filename else text
