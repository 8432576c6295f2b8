"""hostPath: a path of the node, made or checked as its type says (blocking)."""

import stat
from pathlib import Path

from operators.pod import sources

_CHECKS = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (lambda mode: not stat.S_ISDIR(mode), "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def ensure(path: Path, host_type: str) -> None:
    """Raises sources.Missing in kubelet's words for a path of another type, OSError when it cannot be made.

    A path of no type that is not there becomes a folder, as container runtimes below kubelet have it.
    """
    if host_type in ("", "DirectoryOrCreate") and not path.exists():
        path.mkdir(parents=True, exist_ok=True, mode=0o755)
    elif host_type == "FileOrCreate" and not path.exists():
        path.touch(mode=0o644)
    if host_type == "":
        return
    check = _CHECKS.get(host_type.removesuffix("OrCreate"))
    if check is None:
        raise sources.Missing(f"{host_type} is an invalid volume type")
    is_type, name = check
    if not path.exists() or not is_type(path.stat().st_mode):
        raise sources.Missing(f"hostPath type check failed: {path} is not {name}")
