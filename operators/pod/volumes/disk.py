"""Makes a Pod's volumes real on disk and tmpfs, and takes them away again (blocking: call it in a thread)."""

import ctypes
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from operators.pod import sources
from operators.pod.volumes.plan import File, Mount, Volume

_libc = ctypes.CDLL(None, use_errno=True)
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC = 2, 4, 4096, 16384
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_HOST_TYPES = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def ensure(volumes: Iterable[Volume]) -> None:
    """Makes every volume be what it is declared as; what is right already is not touched.

    Raises sources.Missing in kubelet's words for a host path of another type, OSError when the disk is full.
    """
    for volume in volumes:
        if volume.kind == "host":
            _ensure_host(volume)
        elif volume.kind == "files":
            _ensure_files(Path(volume.path), volume.files, volume.group)
        else:
            _ensure_directory(volume)


def resolve(mount: Mount, pin: Path, *, is_files: bool) -> str:
    """The path to bind into a container for `mount`.

    A sub path of a writable volume is opened one component at a time without following links, then pinned by a
    bind mount at `pin`, so that nothing the container puts there later can lead out of the volume. Missing
    folders are made, as kubelet does.
    """
    if not mount.sub_path:
        return mount.source
    if is_files:
        return f"{mount.source}/{mount.sub_path}"
    handle = _open_below(mount.source, mount.sub_path)
    try:
        if not pin.is_mount():
            pin.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                pin.mkdir(exist_ok=True)
            else:
                pin.touch()
            _mount(f"/proc/self/fd/{handle}", pin, flags=_MS_BIND | _MS_REC)
    finally:
        os.close(handle)
    return str(pin)


def remove(*roots: Path) -> None:
    """Unmounts whatever is mounted below the roots, then deletes them. Absent roots are fine.

    Mounts are detached before anything is deleted, so that a host path or sub path is never emptied.
    """
    for root in roots:
        for mounted in sorted(_mounted_below(root), key=len, reverse=True):
            _unmount(mounted)
        if _mounted_below(root):
            raise OSError(errno.EBUSY, "still mounted", str(root))
        if root.exists():
            shutil.rmtree(root)


def _ensure_directory(volume: Volume) -> None:
    path = Path(volume.path)
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o777)
    if volume.kind == "memory" and not path.is_mount():
        options = "mode=0777" + (f",size={volume.size_limit}" if volume.size_limit else "")
        _mount("tmpfs", path, fstype="tmpfs", flags=_MS_NOSUID | _MS_NODEV, options=options)
    if volume.group is not None:
        os.chown(path, -1, volume.group, follow_symlinks=False)
        path.chmod(0o2777)


def _ensure_host(volume: Volume) -> None:
    path = Path(volume.path)
    if volume.host_type == "DirectoryOrCreate" and not path.exists():
        path.mkdir(parents=True, mode=0o755)
    elif volume.host_type == "FileOrCreate" and not path.exists():
        path.touch(mode=0o644)
    check = _HOST_TYPES.get(volume.host_type.removesuffix("OrCreate"))
    if check is None:
        return
    is_type, name = check
    if not path.exists() or not is_type(path.stat().st_mode):
        raise sources.Missing(f"hostPath type check failed: {volume.path} is not {name}")


def _ensure_files(root: Path, files: Mapping[str, File], group: int | None) -> None:
    """Writes the files into a fresh folder and turns the `..data` link to it in one rename.

    The layout is kubelet's, which programs that reload their configuration watch for: every file is a link
    through `..data`, so a reader sees the old set or the new one.
    """
    _make_folder(root)
    current = root / "..data"
    if current.is_symlink() and _holds(root / current.readlink(), files):
        return
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


def _write_tree(folder: Path, files: Mapping[str, File], group: int | None) -> None:
    _make_folder(folder)
    for relative, file in files.items():
        path = folder / relative
        for parent in reversed(path.relative_to(folder).parents[:-1]):
            _make_folder(folder / parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(file.data)
            if group is not None or file.user is not None:
                os.fchown(out.fileno(), -1 if file.user is None else file.user, -1 if group is None else group)
            os.fchmod(out.fileno(), file.mode | (0o440 if group is not None else 0))


def _make_folder(path: Path) -> None:
    # Whatever this process' umask: a container's user is not root, and what may be read is said by each file's mode.
    if not path.is_dir():
        path.mkdir(parents=True)
        path.chmod(0o755)


def _holds(folder: Path, files: Mapping[str, File]) -> bool:
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if present != set(files):
        return False
    return all((folder / relative).read_bytes() == file.data for relative, file in files.items())


def _tidy(root: Path, current: str, names: set[str]) -> None:
    for name in names:
        link = root / name
        if not link.is_symlink():
            link.symlink_to(f"..data/{name}")
    for entry in root.iterdir():
        if entry.name.startswith(".."):
            if entry.name not in ("..data", current):
                shutil.rmtree(entry)
        elif entry.name not in names:
            entry.unlink()


def _open_below(root: str, relative: str) -> int:
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    for index, part in enumerate(parts):
        with _closing(handle):
            handle = _step(handle, part, last=index == len(parts) - 1)
    return handle


def _step(parent: int, part: str, *, last: bool) -> int:
    flags = _DIRECTORY if not last else os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(2):
        try:
            handle = os.open(part, flags, dir_fd=parent)
        except FileNotFoundError:
            os.mkdir(part, 0o750, dir_fd=parent)
            continue
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise sources.Missing(f'subPath component "{part}" is not a folder of the volume') from error
            raise
        if stat.S_ISLNK(os.fstat(handle).st_mode):
            os.close(handle)
            raise sources.Missing(f'subPath component "{part}" is a symbolic link')
        return handle
    raise sources.Missing(f'subPath component "{part}" vanished')


@contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(handle)


def _mounted_below(root: Path) -> list[str]:
    prefix = f"{root}/"
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        # mountinfo writes space, tab, newline and backslash as three octal digits.
        target = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), line.split(" ")[4])
        if target == str(root) or target.startswith(prefix):
            found.append(target)
    return found


def _mount(source: str, target: Path, *, fstype: str = "", flags: int = 0, options: str = "") -> None:
    arguments = (source.encode(), os.fsencode(target), fstype.encode() or None, flags, options.encode() or None)
    if _libc.mount(*arguments[:3], ctypes.c_ulong(flags), arguments[4]) != 0:
        raise OSError(ctypes.get_errno(), f"mount: {os.strerror(ctypes.get_errno())}", str(target))


def _unmount(target: str) -> None:
    if _libc.umount2(os.fsencode(target), _MNT_DETACH | _UMOUNT_NOFOLLOW) != 0:
        number = ctypes.get_errno()
        if number not in (errno.EINVAL, errno.ENOENT):
            raise OSError(number, os.strerror(number), target)
