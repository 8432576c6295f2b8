"""Volumes made from API objects: written as a whole, swapped in one step (blocking).

The layout is kubelet's, which programs that reload their configuration watch for: every file is a link through
`..data`, so that a reader sees the old set or the new one.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from operators.pod.volumes.parts import File

_DATA = "..data"


def ensure(root: Path, files: Mapping[str, File], group: int | None) -> bool:
    """Whether anything had to be changed. Raises OSError (disk full): then the old set is still there."""
    _make_folder(root, group)
    current = root / _DATA
    if current.is_symlink() and _holds(root / current.readlink(), files):
        return False
    fresh = root / f"..{secrets.token_hex(8)}"
    try:
        _write_tree(fresh, files, group)
        link = root / "..data_tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(fresh.name)
        link.rename(current)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _tidy(root, fresh.name, {path.split("/", 1)[0] for path in files})
    return True


def exists(root: Path) -> bool:
    """Whether a set of files was ever made here."""
    return (root / _DATA).is_symlink()


def _write_tree(folder: Path, files: Mapping[str, File], group: int | None) -> None:
    _make_folder(folder, group)
    for relative, file in files.items():
        path = folder / relative
        for parent in reversed(path.relative_to(folder).parents[:-1]):
            _make_folder(folder / parent, group)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(file.data)
            if group is not None or file.user is not None:
                os.fchown(out.fileno(), -1 if file.user is None else file.user, -1 if group is None else group)
            os.fchmod(out.fileno(), file.mode | (0o440 if group is not None else 0))


def _make_folder(path: Path, group: int | None) -> None:
    # Whatever this process' umask: a container's user is not root, and what may be read is said by each file's mode.
    if path.is_dir():
        return
    path.mkdir(parents=True)
    if group is not None:
        os.chown(path, -1, group)
    path.chmod(0o755 if group is None else 0o2755)


def _holds(folder: Path, files: Mapping[str, File]) -> bool:
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if present != set(files):
        return False
    return all((folder / relative).read_bytes() == file.data for relative, file in files.items())


def _tidy(root: Path, current: str, names: set[str]) -> None:
    for name in names:
        link = root / name
        if not link.is_symlink():
            if link.is_dir():
                shutil.rmtree(link)  # made for a sub path before there was such a key
            link.symlink_to(f"{_DATA}/{name}")
    for entry in root.iterdir():
        if entry.name.startswith(".."):
            if entry.name not in (_DATA, current):
                shutil.rmtree(entry)
        elif entry.is_symlink() and entry.name not in names:
            entry.unlink()
