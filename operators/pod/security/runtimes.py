"""Which OCI runtimes podman can start containers with (blocking): a RuntimeClass's handler is the name of one."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: podman's own table of names, each of a program of that name; see containers.conf(5), [engine.runtimes].
_KNOWN = ("crun", "crun-vm", "crun-wasm", "kata", "krun", "runc", "runsc", "youki")
_PROGRAMS = {"kata": ("kata-runtime", "kata-qemu", "kata-fc")}
_FILES = ("/usr/share/containers/containers.conf", "/etc/containers/containers.conf")
_FOLDERS = ("/usr/share/containers/containers.conf.d", "/etc/containers/containers.conf.d")


def is_installed(name: str, root: Path = Path("/")) -> bool:
    """Whether podman knows the name and its program is there. `root`: where to look for settings."""
    configured: dict[str, list[str]] = {}
    for file in _settings(root):
        configured |= _table(file)
    if name in configured:
        return any(Path(program).is_file() for program in configured[name])
    return name in _KNOWN and any(shutil.which(program) for program in _PROGRAMS.get(name, (name,)))


def _settings(root: Path) -> Iterator[Path]:
    for name in _FILES:
        yield root / name.lstrip("/")
    for name in _FOLDERS:
        yield from sorted((root / name.lstrip("/")).glob("*.conf"))


def _table(file: Path) -> dict[str, list[str]]:
    try:
        parsed: dict[str, Any] = tomllib.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    found = (parsed.get("engine") or {}).get("runtimes") or {}
    return {name: [str(path) for path in paths] for name, paths in found.items() if isinstance(paths, list)}
